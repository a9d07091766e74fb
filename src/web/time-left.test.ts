import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSpan, formatWhen, timeLeft } from './time-left.ts';

const now = new Date('2027-01-01T00:00:00Z');
const at = (seconds: number): Date => new Date(now.getTime() + seconds * 1_000);

test('spans are told by their two greatest units', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 s'],
    [999, '0 s'],
    [12_000, '12 s'],
    [61_000, '1 min 1 s'],
    [60_000, '1 min'],
    [600_500, '10 min'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 d 1 h'],
    [86_400_000, '1 d'],
  ];
  for (const [ms, text] of cases) assert.equal(formatSpan(ms), text);
});

test('time left is a share of the whole life', () => {
  assert.deepEqual(timeLeft({ issuedAt: at(-600), expiresAt: at(600) }, now), {
    percent: 50,
    tone: 'good',
    text: '10 min left',
  });
  assert.equal(timeLeft({ issuedAt: at(-900), expiresAt: at(100) }, now).tone, 'warn');
  assert.deepEqual(timeLeft({ issuedAt: at(-900), expiresAt: at(-90) }, now), {
    percent: 0,
    tone: 'bad',
    text: 'ended 1 min 30 s ago',
  });
  assert.equal(timeLeft({ issuedAt: at(-1) }, now).tone, 'good');
  assert.equal(timeLeft({}, now).text, 'nothing obtained yet');
});

test('a credential from a clock that is ahead has at most its whole life left', () => {
  assert.equal(timeLeft({ issuedAt: at(50), expiresAt: at(100) }, now).percent, 100);
});

test('moments are told from now', () => {
  assert.equal(formatWhen(at(300), now), 'in 5 min');
  assert.equal(formatWhen(at(-300), now), '5 min ago');
  assert.equal(formatWhen(at(0), now), 'now');
});
