import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { parseTarget } from './target.ts';

test('hosts and URLs of hosts', () => {
  assert.deepEqual(parseTarget('a.example.org'), { scheme: 'ssh', host: 'a.example.org' });
  assert.deepEqual(parseTarget('jane@a'), { scheme: 'ssh', host: 'a', user: 'jane' });
  assert.deepEqual(parseTarget('slurm+gsissh://jane@a:2222/?queue=x'), {
    ...{ scheme: 'gsissh', host: 'a', user: 'jane', port: 2222 },
  });
  assert.deepEqual(parseTarget('ssh://[::1]:22'), { scheme: 'ssh', host: '::1', port: 22 });
  assert.equal(parseTarget('ssh://jane:hunter2@a').user, 'jane');
  for (const wrong of ['', 'local://localhost', 'ssh://', 'ssh://jane:hunter2@']) {
    assert.throws(
      () => parseTarget(wrong),
      (error: Error) => !error.message.includes('hunter2'),
    );
  }
});

test('an address that a command line would read as something else is told, not a defect; a password never', () => {
  const wrong = ['-oProxyCommand=x', 'ssh://-oProxyCommand=x', 'a;id', 'jane%zz@a', '-l@a', 'a:0', 'a:70000'];
  for (const text of wrong)
    assert.throws(
      () => parseTarget(text),
      (error) => isLatchkeyError(error, 'jobs/url'),
    );
  for (const text of ['ssh://u:hun/ter@a', 'u:hun@ter@a', 'ssh://u:hun:ter@', 'u:hun/ter@a']) {
    assert.throws(
      () => parseTarget(text),
      (error: Error) => !/hun|ter/.test(error.message),
    );
  }
});
