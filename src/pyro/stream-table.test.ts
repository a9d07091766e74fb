import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isItemSource, StreamTable } from './stream-table.ts';

const LIMITS = { maxPerConnection: 2, idleMs: 1000 };

test('items come in the order they were asked for, then the end, then nothing', async () => {
  const table = new StreamTable(LIMITS);
  const owner = {};
  const id = table.open(owner, numbers(2).source, 0) ?? '';
  const all = await Promise.all([1, 2, 3, 4].map(() => table.next(owner, id, 0)));
  assert.deepEqual(
    all.map((item) => item?.value),
    [0, 1, undefined, undefined],
  );
  assert.equal(all[2]?.done, true);
  assert.equal(await table.next(owner, id, 0), undefined);
  assert.equal(table.size, 0);
});

test('only its owner fetches; anybody who knows its name may end it', async () => {
  const table = new StreamTable(LIMITS);
  const owner = {};
  const { source, wasEnded } = numbers(9);
  const id = table.open(owner, source, 0) ?? '';
  assert.equal(await table.next({}, id, 0), undefined);
  await table.next(owner, id, 0);
  table.close(id);
  assert.equal(wasEnded(), true);
});

test('too many are refused and ended; idle ones and those of a lost connection end', async () => {
  const table = new StreamTable(LIMITS);
  const owner = {};
  const sources = [numbers(9), numbers(9), numbers(9), numbers(9)];
  for (const { source } of sources) source.next();
  const ids = sources.map(({ source }) => table.open(owner, source, 0));
  assert.deepEqual(
    ids.map((id) => id === undefined),
    [false, false, true, true],
  );
  await table.next(owner, ids[0] ?? '', 500);
  table.sweep(1400);
  assert.equal(table.size, 1);
  table.closeAll({});
  assert.equal(table.size, 1);
  table.closeAll(owner);
  await Promise.resolve();
  assert.ok(sources.every(({ wasEnded }) => wasEnded()));
  assert.ok(table.open(owner, numbers(1).source, 0) !== undefined);
});

test('one that is waited for is not idle, and whoever waits for nothing is told', async () => {
  const table = new StreamTable(LIMITS);
  const owner = {};
  let isAbandoned = false;
  const source = (async function* () {
    await new Promise(() => {});
    yield 1;
  })();
  const id = table.open(owner, source, 0, () => (isAbandoned = true)) ?? '';
  void table.next(owner, id, 0);
  table.sweep(5000);
  assert.equal(table.size, 1);
  assert.equal(isAbandoned, false);
  table.closeAll(owner);
  assert.equal(isAbandoned, true);
});

test('only generators are streams', () => {
  assert.ok(isItemSource(numbers(1).source));
  assert.ok(isItemSource((async function* () {})()));
  for (const value of [[1], 'text', new Map(), new Set([1]), { next: () => 1 }, null, undefined, 1])
    assert.equal(isItemSource(value), false);
});

function numbers(count: number): { source: Generator<number>; wasEnded: () => boolean } {
  let isEnded = false;
  function* generate(): Generator<number> {
    try {
      for (let i = 0; i < count; i += 1) yield i;
    } finally {
      isEnded = true;
    }
  }
  return { source: generate(), wasEnded: () => isEnded };
}
