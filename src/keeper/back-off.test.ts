import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backOffMs, defaultBackOffPolicy as policy } from './back-off.ts';

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const almostOne = 1 - 2 ** -53;

test('waits double up to the longest, and are spread over all of it', () => {
  const longest = [30, 60, 120, 240, 480, 900, 900];
  for (const [index, seconds] of longest.entries()) {
    const facts = { failures: index + 1, isRetryable: true };
    assert.equal(Math.round(backOffMs(facts, policy, almostOne) / 1000), seconds);
    assert.equal(backOffMs(facts, policy, 0), 5000);
  }
  assert.ok(backOffMs({ failures: 100_000, isRetryable: true }, policy, almostOne) <= 900_000);
});

test('no sleeping through the end: the next try comes half way to it at the latest', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 10_000_000 }),
      unit,
      (failures, leftMs, random) => {
        const wait = backOffMs({ failures, isRetryable: true, leftMs }, policy, random);
        assert.ok(wait <= Math.max(leftMs / 2, 5000));
      },
    ),
  );
});

test('what the server asks for is kept, within a day', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.boolean(), unit, (retryAfterSeconds, isRetryable, random) => {
      const wait = backOffMs({ failures: 1, isRetryable, retryAfterSeconds, leftMs: 1000 }, policy, random);
      assert.ok(wait >= Math.min(retryAfterSeconds, 86_400) * 1000 && wait <= 86_405_000);
    }),
  );
});

test('what only somebody mends is tried about once an hour', () => {
  assert.equal(backOffMs({ failures: 1, isRetryable: false }, policy, 0.5), 3_600_000);
});
