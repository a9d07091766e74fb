import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatchkeyError } from '../../kit/index.ts';
import { refusal, verdictOf } from './refusal.ts';

test('a refusal tells its lines, and its reason only to the operator', () => {
  const verdict = verdictOf(refusal(['authentication failed'], 'signature of a revoked key'), ['fallback']);
  assert.deepEqual(verdict, {
    verdict: 'refused',
    lines: ['authentication failed'],
    why: 'signature of a revoked key',
  });
});

test('the inside of an unexpected error does not reach the client', () => {
  const error = new LatchkeyError('file/io', 'cannot read "/var/lib/myproxy/jane.creds": EIO', {
    cause: new Error('disk'),
  });
  const verdict = verdictOf(error, ['Unable to delegate credentials.']);
  assert.deepEqual(verdict.lines, ['Unable to delegate credentials.']);
  assert.equal(verdict.verdict, 'failed');
  assert.match(verdict.why, /jane\.creds.*disk/);
  assert.deepEqual(verdictOf(new TypeError('x is undefined'), ['fallback']).lines, ['fallback']);
  assert.deepEqual(verdictOf('thrown text', ['fallback']).lines, ['fallback']);
});
