import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HeapItem, IndexedHeap } from './indexed-heap.ts';

interface Item extends HeapItem {
  key: number;
}

test('items come out in order, whatever was taken out of the middle or changed', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.array(fc.nat(60)), fc.boolean(), (keys, taken, isChanged) => {
      const heap = new IndexedHeap<Item>((a, b) => a.key < b.key);
      const items: Item[] = keys.map((key) => ({ key, heap: undefined, heapIndex: 0 }));
      for (const item of items) heap.push(item);
      const rest = new Set(items);
      for (const at of taken) {
        const item = items[at];
        if (item?.heap === undefined) continue;
        heap.remove(item);
        rest.delete(item);
      }
      if (isChanged) {
        for (const item of rest) item.key = (item.key * 7919) % 53;
        heap.reorder();
      }
      assert.equal(heap.size, rest.size);
      const out: number[] = [];
      for (let item = heap.pop(); item; item = heap.pop()) out.push(item.key);
      assert.deepEqual(
        out,
        [...rest].map(({ key }) => key).sort((a, b) => a - b),
      );
    }),
  );
});

test('an item of another heap is not taken for its own', () => {
  const one = new IndexedHeap<Item>((a, b) => a.key < b.key);
  const other = new IndexedHeap<Item>((a, b) => a.key < b.key);
  const item: Item = { key: 1, heap: undefined, heapIndex: 0 };
  one.push(item);
  assert.throws(() => other.remove(item), TypeError);
  assert.equal(one.pop(), item);
});
