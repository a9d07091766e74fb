import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../kit/index.ts';
import { createLoginMemory, randomId, type UnconfirmedLogin } from './login-memory.ts';

let time = Date.parse('2027-01-01T00:00:00Z');
const clock: Clock = { now: () => new Date(time), sleep: async () => {} };

const loginOf = (localUser: string): UnconfirmedLogin =>
  ({ browser: 'b', request: { localUser } }) as UnconfirmedLogin;

test('tokens nobody confirms are let go after 15 minutes, though nobody asks for them', () => {
  const memory = createLoginMemory(clock);
  memory.unconfirmed.set('id', loginOf('alice'));
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
  for (let round = 0; round < 3_000; round += 1)
    memory.unconfirmed.set(randomId(), loginOf(`user${round % 100}`));
  assert.equal(memory.unconfirmed.size, 2_000);
});

test('whoever begins logins without end pushes out his own, and what they have been granted is given back', () => {
  const dropped: UnconfirmedLogin[] = [];
  const memory = createLoginMemory(clock, (login) => void dropped.push(login));
  const alices = memory.keep(loginOf('alice'));
  const first = memory.keep(loginOf('mallory'));
  for (let round = 0; round < 5_000; round += 1) memory.keep(loginOf('mallory'));
  assert.notEqual(memory.unconfirmed.get(alices), undefined);
  assert.equal(memory.unconfirmed.get(first), undefined);
  assert.equal(memory.unconfirmed.size, 51);
  assert.equal(dropped.length, 5_001 - 50);
  memory.unconfirmed.delete(alices);
  assert.equal(dropped.length, 5_001 - 50);
  const cancelled: number[] = [];
  const waitOf = (localUser: string, n: number) =>
    ({ browser: 'b', request: { localUser }, device: { cancel: () => void cancelled.push(n) } }) as never;
  memory.devices.set('alice', waitOf('alice', -1));
  for (let n = 0; n < 500; n += 1) memory.devices.set(`m${n}`, waitOf('mallory', n));
  assert.notEqual(memory.devices.get('alice'), undefined);
  assert.equal(cancelled.length, 490);
  assert.equal(cancelled.includes(-1), false);
});
