import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../kit/index.ts';
import { createLoginMemory, randomId, type UnconfirmedLogin } from './login-memory.ts';

let time = Date.parse('2027-01-01T00:00:00Z');
const clock: Clock = { now: () => new Date(time), sleep: async () => {} };

test('tokens nobody confirms are let go after 15 minutes, though nobody asks for them', () => {
  const memory = createLoginMemory(clock);
  memory.unconfirmed.set('id', {} as UnconfirmedLogin);
  time += 14 * 60_000;
  memory.tidy();
  assert.equal(memory.unconfirmed.size, 1);
  time += 60_001;
  memory.tidy();
  assert.equal(memory.unconfirmed.size, 0);
});

test('a browser’s keys: the last first, eight at most, each once', () => {
  const memory = createLoginMemory(clock);
  for (let key = 0; key < 10; key += 1) memory.visit('browser', `key ${key}`);
  memory.visit('browser', 'key 5');
  assert.deepEqual(
    memory.visited('browser'),
    [5, 9, 8, 7, 6, 4, 3, 2].map((key) => `key ${key}`),
  );
  assert.deepEqual(memory.visited('another'), []);
});

test('a flood of logins pushes out the oldest, and memory has an end', () => {
  const memory = createLoginMemory(clock);
  for (let round = 0; round < 3_000; round += 1) memory.unconfirmed.set(randomId(), {} as UnconfirmedLogin);
  assert.equal(memory.unconfirmed.size, 2_000);
});
