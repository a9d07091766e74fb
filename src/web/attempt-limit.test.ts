import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAttemptLimit } from './attempt-limit.ts';

function limitAt() {
  let time = Date.parse('2027-01-01T00:00:00Z');
  const limit = createAttemptLimit({ now: () => new Date(time), sleep: async () => {} });
  /** How many of these many attempts may be made. */
  const attempts = (count: number, address: (n: number) => string | undefined): number =>
    Array.from({ length: count }, (_, n) => limit.begin(address(n))).filter(Boolean).length;
  const pass = (ms: number): void => {
    time += ms;
  };
  return { limit, attempts, pass };
}

test('an attempt counts when it begins: many at once are no way around', () => {
  const { attempts, pass } = limitAt();
  assert.equal(
    attempts(50, () => '192.0.2.1'),
    10,
  );
  assert.equal(
    attempts(50, () => '192.0.2.2'),
    10,
    'another address is another',
  );
  pass(300_000);
  assert.equal(
    attempts(1, () => '192.0.2.1'),
    1,
  );
});

test('right codes do not count', () => {
  const { limit } = limitAt();
  for (let n = 0; n < 1_000; n += 1) {
    assert.ok(limit.begin('192.0.2.1'));
    limit.forgive('192.0.2.1');
  }
});

test('an IPv6 network is one address, and IPv4 stays IPv4 in IPv6 clothes', () => {
  const { attempts } = limitAt();
  assert.equal(
    attempts(50, (n) => `2001:db8:0:1::${n.toString(16)}`),
    10,
  );
  assert.equal(
    attempts(50, (n) => `2001:db8:0:1:${n.toString(16)}:1:2:3`),
    0,
  );
  assert.equal(
    attempts(1, () => '2001:db8:0:2::1'),
    1,
  );
  assert.equal(
    attempts(20, (n) => `::ffff:192.0.2.${n}`),
    20,
  );
});

test('three hundred from everywhere within five minutes stop all, but not three hundred in a week', () => {
  const { attempts, pass } = limitAt();
  assert.equal(
    attempts(400, (n) => `192.0.${n >> 8}.${n & 255}`),
    300,
  );
  pass(300_000);
  for (let n = 0; n < 1_000; n += 1) {
    assert.equal(
      attempts(1, () => undefined),
      1,
    );
    pass(240_000);
  }
});
