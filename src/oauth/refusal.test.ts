import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter } from './answer.ts';
import { refusal } from './refusal.ts';

const WHERE = 'https://op.example/token';

test('each error code of the RFCs has its meaning', () => {
  const cases: [string, string, boolean][] = [
    ['invalid_grant', 'oauth/invalid-grant', false],
    ['interaction_required', 'oauth/invalid-grant', false],
    ['invalid_client', 'oauth/refused', false],
    ['invalid_scope', 'oauth/refused', false],
    ['access_denied', 'oauth/denied', false],
    ['expired_token', 'oauth/expired', false],
    ['authorization_pending', 'oauth/pending', true],
    ['slow_down', 'oauth/pending', true],
    ['temporarily_unavailable', 'oauth/unavailable', true],
    ['never_heard_of', 'oauth/refused', false],
    ['constructor', 'oauth/refused', false],
    ['__proto__', 'oauth/refused', false],
  ];
  for (const [error, code, retryable] of cases) {
    const refused = refusal({ error, where: WHERE }, []);
    assert.deepEqual([refused.code, refused.retryable], [code, retryable], error);
    assert.ok(refused.hint, error);
    assert.match(refused.message, /^https:\/\/op\.example\/token answered /);
    assert.doesNotMatch(refused.message, /\.$/);
  }
});

test('Retry-After: seconds or a date, at most a day, else nothing', () => {
  const now = new Date('2026-11-22T12:00:00Z');
  const cases: [string | null, number | undefined][] = [
    ['0', 0],
    ['17', 17],
    ['999999', 86_400],
    ['Sun, 22 Nov 2026 12:01:00 GMT', 60],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['-5', undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ];
  for (const [value, expected] of cases) assert.equal(parseRetryAfter(value, now), expected, String(value));
});
