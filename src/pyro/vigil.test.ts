import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vigil } from './vigil.ts';

/** A vigil whose clock is moved by hand and whose event loop goes round by hand. */
function world(isUseful = true) {
  const state = { now: 0, looks: [] as (() => void)[], spunMs: 0 };
  const vigil = new Vigil({ isUseful, now: () => state.now, soon: (look) => void state.looks.push(look) });
  /** One message that comes after so long; awake, the loop goes round every microsecond until then. */
  const message = (asleepMs: number, awakeMs = asleepMs): boolean => {
    vigil.expect();
    const isAwake = state.looks.length > 0;
    const end = state.now + (isAwake ? awakeMs : asleepMs);
    while (state.looks.length > 0 && state.now < end) {
      state.now += 0.001;
      state.spunMs += 0.001;
      state.looks.shift()?.();
    }
    state.now = end;
    vigil.came();
    while (state.looks.length > 0) state.looks.shift()?.();
    return isAwake;
  };
  const messages = (count: number, asleepMs: number, awakeMs?: number): number =>
    Array.from({ length: count }, () => message(asleepMs, awakeMs)).filter(Boolean).length;
  return { state, vigil, message, messages };
}

test('the loop stays awake where that is quicker, and looks again after a while whether it still is', () => {
  const { messages } = world();
  assert.equal(messages(32, 0.09, 0.03), 0);
  assert.equal(messages(32, 0.09, 0.03), 32);
  assert.equal(messages(1024, 0.09, 0.03), 1024);
  assert.equal(messages(32, 0.09, 0.03), 0);
});

test('it sleeps where awake is not clearly quicker: other programs have the processor', () => {
  const { messages } = world();
  assert.equal(messages(32, 0.03, 0.028), 0);
  assert.equal(messages(32, 0.03, 0.028), 32);
  assert.equal(messages(1024, 0.03, 0.028), 0);
});

test('for messages that take their time it never stays awake', () => {
  const { messages, state } = world();
  assert.equal(messages(5000, 1), 0);
  assert.equal(state.spunMs, 0);
});

test('it is awake for 0.1 ms at most, and gives up when messages become late', () => {
  const { messages, message, state } = world();
  messages(64, 0.09, 0.03);
  state.spunMs = 0;
  assert.equal(message(7), true);
  assert.ok(state.spunMs < 0.11, `awake for ${state.spunMs} ms`);
  assert.equal(messages(3, 7), 3);
  assert.equal(messages(1024, 7), 0);
});

test('one late message does not end it', () => {
  const { messages } = world();
  messages(64, 0.09, 0.03);
  assert.equal(messages(1, 7), 1);
  assert.equal(messages(100, 0.09, 0.03), 100);
});

test('with one processor it never stays awake, and what nobody expects counts for nothing', () => {
  const alone = world(false);
  assert.equal(alone.messages(2000, 0.09, 0.03), 0);
  const { vigil, messages } = world();
  for (let i = 0; i < 40; i += 1) vigil.came();
  assert.equal(messages(32, 0.09, 0.03), 0);
});
