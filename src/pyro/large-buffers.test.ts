import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LargeBuffers } from './large-buffers.ts';

test('what was given back is used again, for what fits', () => {
  const buffers = new LargeBuffers();
  const first = buffers.take(100_000);
  assert.ok(first.length >= 100_000);
  assert.notEqual(buffers.take(100_000).buffer, first.buffer);
  buffers.give(first.subarray(0, 70_000));
  assert.notEqual(buffers.take(200_000).buffer, first.buffer);
  assert.equal(buffers.take(90_000).buffer, first.buffer);
  assert.notEqual(buffers.take(90_000).buffer, first.buffer);
});

test('what was not taken here is left alone, and nothing is taken back twice', () => {
  const buffers = new LargeBuffers();
  const strange = Buffer.alloc(100_000);
  buffers.give(strange);
  assert.notEqual(buffers.take(100_000).buffer, strange.buffer);
  const mine = buffers.take(100_000);
  buffers.give(mine);
  buffers.give(mine);
  assert.equal(buffers.take(100_000).buffer, mine.buffer);
  assert.notEqual(buffers.take(100_000).buffer, mine.buffer);
});

test('few are kept, and none that is huge', () => {
  const buffers = new LargeBuffers();
  const taken = [1, 2, 3].map(() => buffers.take(100_000));
  for (const one of taken) buffers.give(one);
  const again = new Set([1, 2, 3].map(() => buffers.take(100_000).buffer));
  assert.equal(taken.filter(({ buffer }) => again.has(buffer)).length, 2);
  const huge = buffers.take(5 << 20);
  buffers.give(huge);
  assert.notEqual(buffers.take(5 << 20).buffer, huge.buffer);
});
