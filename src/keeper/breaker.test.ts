import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Breaker, defaultBreakerPolicy } from './breaker.ts';

function failing(leases: readonly string[], now = 0): Breaker {
  const breaker = new Breaker(defaultBreakerPolicy);
  for (const lease of leases) breaker.failed(lease, now, undefined, 0);
  return breaker;
}

test('opens after failures of several leases in a row, not of one', () => {
  assert.equal(failing(['a', 'a', 'a', 'a', 'a', 'a', 'a']).state, 'closed');
  assert.equal(failing(['a', 'b', 'c', 'd']).state, 'closed');
  assert.equal(failing(['a', 'b', 'c', 'd', 'e']).state, 'open');
  const breaker = failing(['a', 'b', 'c', 'd']);
  breaker.succeeded();
  breaker.failed('e', 0, undefined, 0);
  assert.equal(breaker.state, 'closed');
});

test('open, it lets nothing through; then one; an answer closes it, a failure doubles the time', () => {
  const breaker = failing(['a', 'b', 'c', 'd', 'e']);
  assert.equal(breaker.permits(29_999, 0), false);
  assert.equal(breaker.permits(30_000, 0), true);
  assert.equal(breaker.started(), true);
  assert.equal(breaker.state, 'half-open');
  assert.equal(breaker.permits(30_000, 1), false);
  assert.equal(breaker.failed('a', 30_000, undefined, 0), true);
  assert.equal(breaker.openUntil, 90_000);
  assert.equal(breaker.started(), true);
  assert.equal(breaker.succeeded(), true);
  assert.equal(breaker.permits(90_000, 3), true);
  assert.equal(breaker.isDoubtful, false);
});

test('stays open as long as the server asks, an hour at most, and ten minutes otherwise', () => {
  const breaker = failing(['a', 'b', 'c', 'd']);
  breaker.failed('e', 0, 120, 0);
  assert.equal(breaker.openUntil, 120_000);
  for (let probe = 0; probe < 20; probe += 1) {
    breaker.started();
    breaker.failed('a', 0, undefined, 0);
  }
  assert.equal(breaker.openUntil, 600_000);
  breaker.started();
  breaker.failed('a', 0, 1e9, 0);
  assert.equal(breaker.openUntil, 3_600_000);
});

test('a probe that says nothing is followed by another', () => {
  const breaker = failing(['a', 'b', 'c', 'd', 'e']);
  breaker.started();
  breaker.cancelled();
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.permits(30_000, 0), true);
});
