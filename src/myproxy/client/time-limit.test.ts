import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, isLatchkeyError } from '../../kit/index.ts';
import { within } from './time-limit.ts';

/** A clock whose alarm rings when the test says so. */
function alarm(): Clock & { ring(): void } {
  let ring = () => {};
  return {
    now: () => new Date(0),
    sleep: (_milliseconds, signal) =>
      new Promise((resolve, reject) => {
        ring = resolve;
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
    ring: () => ring(),
  };
}

test('work that is done in time is passed on, and not stopped', async () => {
  let stopped = 0;
  const value = await within(
    { what: 'no work', milliseconds: 1, clock: alarm() },
    async () => 7,
    () => stopped++,
  );
  assert.equal(value, 7);
  assert.equal(stopped, 0);
});

test('work that takes too long is stopped', async () => {
  const clock = alarm();
  let stopped = 0;
  const work = within(
    { what: 'no work', milliseconds: 1500, clock },
    () => new Promise(() => {}),
    () => stopped++,
  );
  clock.ring();
  await assert.rejects(
    work,
    (error) =>
      isLatchkeyError(error, 'myproxy/timed-out') &&
      error.retryable &&
      error.message === 'no work within 1.5 s',
  );
  assert.equal(stopped, 1);
});

test('a signal stops the work, also one that came before', async () => {
  for (const early of [true, false]) {
    const controller = new AbortController();
    let stopped = 0;
    if (early) controller.abort('enough');
    const limit = { what: 'no work', milliseconds: 1, clock: alarm(), signal: controller.signal };
    const work = within(
      limit,
      () => new Promise(() => {}),
      () => stopped++,
    );
    if (!early) controller.abort('enough');
    await assert.rejects(
      work,
      (error) => isLatchkeyError(error, 'myproxy/cancelled') && error.cause === 'enough',
    );
    assert.equal(stopped, 1);
  }
});
