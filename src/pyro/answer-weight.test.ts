import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeastBytes } from './answer-weight.ts';
import { serializers } from './serializers.ts';
import { type PyroInput, tuple } from './value.ts';

test('a value is written in no fewer bytes than are counted, by any serializer', () => {
  const values: readonly PyroInput[] = [
    ...['', 'text', 7, null, true, [], {}, new Map()],
    ...[[1, [2, 'three']], { a: { b: ['c'] } }, tuple(1, 'x'), new Map([['k', 'v']]), 'ü'.repeat(20)],
    ...[new Float64Array(50), new Int8Array(50), new Date(0)],
  ];
  for (const value of values)
    for (const { name, encode } of Object.values(serializers))
      assert.ok(atLeastBytes(value, 1e9) <= encode(value).length, `${name}: ${JSON.stringify(value)}`);
});

test('what is enough is counted, and not much more', () => {
  const endless = Array.from({ length: 1000 }, () => 'x'.repeat(99));
  assert.equal(atLeastBytes(endless, 1e9), 100_001);
  assert.equal(atLeastBytes(endless, 250), 301);
  const own: unknown[] = [];
  own.push(own);
  assert.ok(atLeastBytes(own, 1e9) < 1000);
});
