import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultRenewalPolicy, renewalTime } from './renewal-time.ts';

const issuedAt = new Date('2026-11-22T12:00:00Z');
const seconds = (value: number) => new Date(issuedAt.getTime() + value * 1000);
const waitOf = (life: number | undefined, random = 0, renewAfterSeconds?: number) => {
  const expiresAt = life === undefined ? undefined : seconds(life);
  return (
    (renewalTime({ issuedAt, expiresAt, renewAfterSeconds }, defaultRenewalPolicy, random).getTime() -
      issuedAt.getTime()) /
    1000
  );
};

test('a part of the life, but early enough for readers that lag', () => {
  const table: readonly (readonly [number | undefined, number])[] = [
    [3600, 2160],
    [1200, 720],
    [900, 540],
    [800, 440],
    // The margin would leave less than a third of the life.
    [500, 500 / 3],
    [300, 100],
    [0, 1],
    [undefined, 1800],
  ];
  for (const [life, wait] of table) assert.ok(Math.abs(waitOf(life) - wait) < 0.01, `life ${life}`);
});

test('a source may want it earlier, not later', () => {
  assert.equal(waitOf(3600, 0, 600), 600);
  assert.equal(waitOf(3600, 0, 6000), 2160);
  assert.equal(waitOf(undefined, 0, 60), 60);
});

test('jitter makes it earlier by a tenth of the wait at most, never later, and never within the margin', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10_000_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (life, random) => {
        const wait = waitOf(life, random);
        assert.ok(wait <= waitOf(life, 0) && wait >= Math.max(1, waitOf(life, 0) * 0.9 - 0.01));
        if (life > 540) assert.ok(life - wait >= 360);
        if (life > 10) assert.ok(wait < life);
      },
    ),
  );
});
