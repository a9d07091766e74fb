import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ManagedForward } from './forward.ts';
import { ForwardWatch, lookAgainMs } from './watch.ts';

const EVERY_MS = 60_000;
const KEEPER = { prove: async () => {}, close: async () => {}, now: () => new Date(0) };

function forwards(count: number): readonly ManagedForward[] {
  return Array.from({ length: count }, (_, n) => {
    const forward = new ManagedForward(n, { kind: 'dynamic', listen: { port: n + 1 } }, true, KEEPER);
    forward.enter('proven');
    return forward;
  });
}

test('what works is looked at each minute, what does not after 2, 4, 8 s and so on', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 99].map((failures) => lookAgainMs(failures, EVERY_MS)),
    [60_000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000],
  );
  assert.equal(lookAgainMs(9, 500), 500);
});

test('each is looked at in its time, a few at once, and the last one’s end is the watch’s', async () => {
  const clock = new FakeClock();
  let looking = 0;
  let most = 0;
  let looks = 0;
  const watch = new ForwardWatch(clock, EVERY_MS, async () => {
    looking += 1;
    looks += 1;
    most = Math.max(most, looking);
    await clock.sleep(1);
    looking -= 1;
  });
  const all = forwards(100);
  for (const forward of all) watch.add(forward);
  await clock.advance(EVERY_MS - 1);
  assert.equal(looks, 0);
  await clock.advance(1000);
  assert.deepEqual([looks, most], [100, 8]);
  for (const forward of all) watch.remove(forward);
  await clock.settle();
  assert.equal(clock.sleepers, 0);
});

test('an alarm looks soon at what was thought to work, and however many alarms there are, once a second', async () => {
  const clock = new FakeClock();
  const [good, bad] = forwards(2);
  assert.ok(good !== undefined && bad !== undefined);
  const looked: number[] = [];
  const watch = new ForwardWatch(clock, EVERY_MS, async ({ id }) => {
    looked.push(id);
  });
  bad.enter('degraded');
  watch.add(good);
  watch.add(bad);
  await clock.advance(1500);
  assert.deepEqual(looked, []);
  for (let n = 0; n < 100; n += 1) watch.alarm();
  await clock.settle();
  assert.deepEqual(looked, [good.id]);
  for (let n = 0; n < 9; n += 1) {
    watch.alarm();
    await clock.advance(100);
  }
  assert.equal(looked.filter((id) => id === good.id).length, 1);
  await clock.advance(200);
  assert.equal(looked.filter((id) => id === good.id).length, 2);
  watch.remove(good);
  watch.remove(bad);
});
