import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallTable } from './call-table.ts';

const call = (deadline: number) => ({ deadline, isAbandoned: false });

test('numbers go round and skip those that still wait; zero is never given', () => {
  const table = new CallTable();
  const first = table.add(call(1));
  assert.equal(first, 1);
  for (let i = 2; i <= 0xffff; i += 1) table.take(table.add(call(1)));
  assert.equal(table.add(call(1)), 2);
  assert.equal(table.size, 2);
});

test('it is full when every number waits', () => {
  const table = new CallTable();
  for (let i = 1; i <= 0xffff; i += 1) table.add(call(1));
  assert.equal(table.isFull, true);
  table.take(7);
  assert.equal(table.isFull, false);
  assert.equal(table.add(call(1)), 7);
});

test('what is too late is told once, and stays known until its answer comes', () => {
  const table = new CallTable();
  const early = call(10);
  const late = call(20);
  const number = table.add(early);
  table.add(late);
  assert.equal(table.nextDeadline(), 10);
  assert.deepEqual(table.expire(15), [[number, early]]);
  assert.deepEqual(table.expire(15), []);
  assert.equal(table.nextDeadline(), 20);
  assert.equal(table.take(number), early);
  assert.deepEqual(table.clear(), [late]);
  assert.equal(table.nextDeadline(), undefined);
});

test('at its end only those that wait are told', () => {
  const table = new CallTable();
  const waiting = call(50);
  table.add(call(10));
  table.add(waiting);
  table.expire(20);
  assert.deepEqual(table.clear(), [waiting]);
  assert.equal(table.size, 0);
});
