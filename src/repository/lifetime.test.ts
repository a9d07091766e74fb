import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStoredLifetime, delegationLifetime } from './lifetime.ts';

const now = new Date('2026-01-01T00:00:00Z');
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);

test('the smallest positive bound counts, in whole minutes, at least five, never beyond the issuer', () => {
  // requested, stored, max, issuer → lifetime
  const cases: readonly (readonly [number, number, number | undefined, number, number])[] = [
    [43200, 7200, undefined, 86400, 7200],
    [3600, 7200, undefined, 86400, 3600],
    [0, 7200, undefined, 86400, 7200],
    [0, 0, 1800, 86400, 1800],
    [0, 0, undefined, 86399, 86399],
    [0, 0, 0, 86400, 86400],
    [-5, 0, undefined, 86400, 86400],
    [10, 7200, undefined, 86400, 300],
    [3659, 0, undefined, 86400, 3600],
    [43200, 0, undefined, 100, 100],
    [43200, 0, undefined, -1, 0],
  ];
  for (const [requestedSeconds, storedSeconds, maxSeconds, issuer, expected] of cases) {
    const bounds = { requestedSeconds, storedSeconds, maxSeconds, issuerExpires: inSeconds(issuer), now };
    assert.equal(delegationLifetime(bounds), expected, JSON.stringify(bounds));
  }
});

test('what is to be stored may live nearly an hour longer than the maximum', () => {
  assert.deepEqual(checkStoredLifetime(inSeconds(7200 + 3599), 7200, now), []);
  assert.deepEqual(checkStoredLifetime(inSeconds(7200 + 3600), 7200, now), [
    'Credential lifetime (3 hours) exceeds maximum allowed by server (2 hours).',
  ]);
  assert.deepEqual(checkStoredLifetime(inSeconds(0), 7200, now), ['Credential expired!']);
  assert.deepEqual(checkStoredLifetime(inSeconds(99_999_999), undefined, now), []);
});
