import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatchkeyError } from '../../kit/index.ts';
import { reportError } from './report-error.ts';

test('errors: what the server said, line by line, then the hint', () => {
  const error = new LatchkeyError('myproxy/server-refused', 'the server refused', {
    hint: 'ask them',
    details: { lines: ['Bad password', 'invalid credential passphrase'] },
  });
  assert.equal(
    reportError(error),
    'ERROR from myproxy-server:\nBad password\ninvalid credential passphrase\n  hint: ask them\n',
  );
});

test('errors: a server does not steer the terminal', () => {
  const lines = ['no\u001b]0;title\u0007 way\rERROR: all is well'];
  const error = new LatchkeyError('myproxy/server-refused', 'refused', { details: { lines } });
  assert.equal(reportError(error), 'ERROR from myproxy-server:\nno?]0;title? way?ERROR: all is well\n');
});

test('errors: scripts find "Unable to connect to"', () => {
  assert.match(
    reportError(new LatchkeyError('myproxy/connect', 'cannot connect to h:1')),
    /^Unable to connect to .*h:1\n$/,
  );
});

test('errors: never a stack trace', () => {
  const error = new Error('broken\n    at somewhere (file.js:1:1)');
  assert.equal(reportError(error), 'broken\n');
});
