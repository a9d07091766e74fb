import assert from 'node:assert/strict';
import { test } from 'node:test';
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
