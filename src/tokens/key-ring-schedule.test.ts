import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scheduleKeys } from './key-ring-schedule.ts';

const at = (seconds: number): Date => new Date(seconds * 1000);
const ring = [
  { keyId: 'two', signsFrom: at(100) },
  { keyId: 'one', signsFrom: at(0) },
];

function states(now: number): string[] {
  return scheduleKeys(ring, 50, at(now)).map(({ entry, state }) => `${entry.keyId} ${state}`);
}

test('one key signs, the next one waits, the last one stays published for its tokens', () => {
  assert.deepEqual(states(0), ['one signing', 'two upcoming']);
  assert.deepEqual(states(99), ['one signing', 'two upcoming']);
  assert.deepEqual(states(100), ['one retiring', 'two signing']);
  assert.deepEqual(states(149), ['one retiring', 'two signing']);
  assert.deepEqual(states(150), ['one retired', 'two signing']);
});

test('with a clock before all of them the first one signs', () => {
  assert.deepEqual(states(-10), ['one signing', 'two upcoming']);
});

test('property: exactly one signs, and a key that may still have good tokens is never retired', () => {
  const entry = fc.record({ keyId: fc.string(), signsFrom: fc.integer({ min: 0, max: 1000 }).map(at) });
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1, maxLength: 6 }),
      fc.nat(200),
      fc.integer({ min: -10, max: 1500 }),
      (entries, keep, now) => {
        const schedule = scheduleKeys(entries, keep, at(now));
        assert.equal(schedule.filter(({ state }) => state === 'signing').length, 1);
        for (const { state, signsUntil } of schedule) {
          if (state === 'retired')
            assert.ok(signsUntil !== undefined && now * 1000 >= signsUntil.getTime() + keep * 1000);
        }
      },
    ),
    { seed: 7 },
  );
});
