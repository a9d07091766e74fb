import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Clock } from '../kit/index.ts';
import { addressGroup } from './address-group.ts';
import { Throttle } from './throttle.ts';

function handClock(): Clock & { forward(milliseconds: number): void } {
  let now = 1_000_000;
  return {
    now: () => new Date(now),
    sleep: () => Promise.resolve(),
    forward(milliseconds) {
      now += milliseconds;
    },
  };
}

/** Tries as often as allowed for `milliseconds`; returns how many wrong tries got through. */
function hammer(
  throttle: Throttle,
  clock: ReturnType<typeof handClock>,
  address: string,
  milliseconds: number,
) {
  let tries = 0;
  for (let spent = 0; spent < milliseconds; ) {
    const wait = throttle.check('jane', address);
    if (wait === 0) {
      throttle.failed('jane', address);
      tries += 1;
    } else {
      clock.forward(wait);
      spent += wait;
    }
  }
  return tries;
}

test('five wrong tries are free, then the wait doubles up to an hour', () => {
  const clock = handClock();
  const throttle = new Throttle({ clock });
  const waits: number[] = [];
  for (let tries = 0; tries < 20; tries += 1) {
    assert.equal(throttle.check('jane', '192.0.2.1'), 0);
    const wait = throttle.failed('jane', '192.0.2.1');
    waits.push(wait / 1000);
    clock.forward(wait);
  }
  assert.deepEqual(waits.slice(0, 8), [0, 0, 0, 0, 1, 2, 4, 8]);
  assert.equal(Math.max(...waits), 3600);
});

test('the right pass phrase works again after the wait, and clears it', () => {
  const clock = handClock();
  const throttle = new Throttle({ clock });
  for (let tries = 0; tries < 7; tries += 1) throttle.failed('jane', '192.0.2.1');
  const wait = throttle.check('jane', '192.0.2.1');
  assert.equal(wait, 4000);
  clock.forward(wait - 1);
  assert.equal(throttle.check('jane', '192.0.2.1'), 1);
  clock.forward(1);
  assert.equal(throttle.check('jane', '192.0.2.1'), 0);
  throttle.succeeded('jane', '192.0.2.1');
  assert.equal(throttle.failed('jane', '192.0.2.1'), 0);
});

test('a guesser elsewhere does not lock the user out', () => {
  const clock = handClock();
  const throttle = new Throttle({ clock });
  throttle.succeeded('jane', '192.0.2.1');
  for (let host = 0; host < 200; host += 1) throttle.failed('jane', `198.51.100.${host}`);
  assert.equal(throttle.check('jane', '192.0.2.1'), 0, 'from where she is known');
  const wait = throttle.check('jane', '192.0.2.2');
  assert.ok(wait > 0 && wait <= 60_000, `from a new address: ${wait}`);
  for (let host = 0; host < 200; host += 1) throttle.failed('jane', `198.51.100.${host}`);
  clock.forward(wait);
  assert.equal(throttle.check('jane', '192.0.2.2'), 0, 'the guesser cannot put the appointment off');
});

test('one address gets few guesses a day, whatever it does', () => {
  const clock = handClock();
  const tries = hammer(new Throttle({ clock }), clock, '198.51.100.1', 86_400_000);
  assert.ok(tries < 50, `${tries} guesses`);
});

test('one address that goes through the accounts is slowed down', () => {
  const clock = handClock();
  const throttle = new Throttle({ clock });
  throttle.succeeded('joe', '198.51.100.1');
  for (let account = 0; account < 200; account += 1) throttle.failed(`user${account}`, '198.51.100.1');
  assert.equal(throttle.check('jane', '198.51.100.1'), 60_000);
  assert.equal(throttle.check('joe', '198.51.100.1'), 0, 'a known user behind the same address goes on');
  assert.equal(throttle.check('jane', '198.51.100.2'), 0);
});

test('old failures are forgotten', () => {
  const clock = handClock();
  const throttle = new Throttle({ clock });
  for (let tries = 0; tries < 10; tries += 1) throttle.failed('jane', '192.0.2.1');
  clock.forward(2 * 3_600_000);
  assert.equal(throttle.failed('jane', '192.0.2.1'), 0);
});

test('IPv6 addresses count by their network, IPv4 by themselves', () => {
  assert.equal(addressGroup('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(addressGroup('2001:db8:0:0:ffff:1:2:3'), '2001:db8:0:0::/64');
  assert.equal(addressGroup('2001:0DB8:0:1::'), '2001:db8:0:1::/64');
  assert.equal(addressGroup('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(addressGroup('::1'), '0:0:0:0::/64');
  assert.equal(addressGroup('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(addressGroup('192.0.2.7'), '192.0.2.7');
});

test('whatever happens, nobody waits longer than an hour, and waiting helps', () => {
  const step = fc.tuple(fc.constantFrom('failed', 'succeeded', 'wait'), fc.nat(3), fc.nat(3));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const clock = handClock();
      const throttle = new Throttle({ clock, maxEntries: 4 });
      for (const [what, account, address] of steps) {
        if (what === 'wait') clock.forward(account * 10_000);
        else throttle[what](`user${account}`, `192.0.2.${address}`);
      }
      const wait = throttle.check('user0', '192.0.2.0');
      assert.ok(wait >= 0 && wait <= 3_600_000);
      clock.forward(wait);
      assert.equal(throttle.check('user0', '192.0.2.0'), 0);
    }),
  );
});
