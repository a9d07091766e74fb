import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Breaker, defaultBreakerPolicy } from './breaker.ts';
import { Lane } from './lane.ts';
import { type LeaseEntry, newEntry } from './lease-entry.ts';

function entryOf(id: string, urgency: number): LeaseEntry {
  const source = { authority: id, isLocal: false, obtain: () => Promise.reject(new Error()) };
  const delivery = { deliver: async () => {}, withdraw: async () => {} };
  const lease = { id, owner: 'ann', kind: 'token', provider: 'p' };
  return Object.assign(newEntry(lease, source, delivery, undefined, { failures: 0 }, 0), { urgency });
}

const width = { total: 8, perGroup: 4, perDoubtfulGroup: 1 };
const doubtful = (): Breaker => {
  const breaker = new Breaker(defaultBreakerPolicy);
  breaker.failed('another', 0, undefined, 0);
  return breaker;
};

test('however many authorities fail, half of the lane is left for those that do not', () => {
  const lane = new Lane(width);
  for (let n = 0; n < 20; n += 1) lane.enqueue(entryOf(`sick${n}`, n), `sick${n % 10}`, doubtful);
  const taken: string[] = [];
  for (let next = lane.next(0); next; next = lane.next(0)) taken.push(next.group.name);
  assert.deepEqual(taken, ['sick0', 'sick1', 'sick2', 'sick3']);
  for (let n = 0; n < 6; n += 1) {
    lane.enqueue(entryOf(`well${n}`, 100 + n), 'well', () => new Breaker(defaultBreakerPolicy));
  }
  for (let next = lane.next(0); next; next = lane.next(0)) taken.push(next.group.name);
  assert.deepEqual(taken.slice(4), ['well', 'well', 'well', 'well']);
});

test('the most urgent of all groups first; a place is given back once', () => {
  const lane = new Lane({ total: 1, perGroup: 1, perDoubtfulGroup: 1 });
  for (const [id, urgency] of [
    ['a1', 3],
    ['b1', 1],
    ['a2', 2],
  ] as const) {
    lane.enqueue(entryOf(id, urgency), id.slice(0, 1));
  }
  const order: string[] = [];
  for (let next = lane.next(0); next; next = lane.next(0)) {
    order.push(next.entry.lease.id);
    assert.equal(lane.next(0), undefined);
    next.free();
    next.free();
  }
  assert.deepEqual(order, ['b1', 'a2', 'a1']);
});

test('groups that have nothing to remember are forgotten', () => {
  const lane = new Lane(width);
  lane.enqueue(entryOf('x', 0), 'well', () => new Breaker(defaultBreakerPolicy));
  lane.enqueue(entryOf('y', 0), 'sick', doubtful);
  lane.next(0)?.free();
  lane.next(0)?.free();
  lane.prune();
  assert.equal(lane.group('well'), undefined);
  assert.ok(lane.group('sick'));
});
