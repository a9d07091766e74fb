import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../../kit/index.ts';
import type { PyroValue } from '../value.ts';
import { marshal } from './marshal.ts';

function read(...parts: (string | number)[]): PyroValue {
  return marshal.decode(
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : int(part)))),
  );
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

test('the forms that no serializer of ours writes are read', () => {
  assert.equal(read('I\0\0\0\0\x01\0\0\0'), 2 ** 32);
  assert.equal(read('f\x031e3'), 1000);
  assert.equal(read('f\x03inf'), Infinity);
  assert.equal(read('z\x02ab'), 'ab');
  assert.equal(read('A', 2, 'ab'), 'ab');
  assert.deepEqual(read(')\x02TF'), [true, false]);
  assert.equal(read('u', 3, '\xed\xa0\x80'), '\ud800');
  assert.deepEqual(read('>', 1, 'N'), new Set([null]));
});

test('references are the same object, counted from the first that can be referred to', () => {
  const value = read('[', 3, '\xdb', 1, 'N', 'r', 0, 'T') as PyroValue[];
  assert.deepEqual(value, [[null], [null], true]);
  assert.equal(value[0], value[1]);
});

test('code, and whatever else is no data, is refused', () => {
  assert.throws(() => read('c'), /holds code, which is never read/);
  assert.throws(() => read('\xe3'), /holds code/);
  for (const type of ['S', '.', '?', '\0', 'q']) assert.throws(() => read(type), /is not data/);
  assert.throws(() => read('0'), /a value is missing/);
  assert.throws(() => read('{N0'), /a value is missing/);
  assert.throws(() => read('NN'), /1 bytes after the value/);
});

test('a value that holds itself, or a small message that stands for a huge value, is refused', () => {
  assert.throws(() => read('\xdb', 1, 'r', 0), /holds itself/);
  assert.throws(() => read('r', 0), /reference to nothing/);
  assert.throws(() => read('r', -1), /reference to nothing/);
  // Lists of ten references to the list before, forty deep: 10^40 values in 2 kB.
  const levels: Uint8Array[] = [
    Buffer.concat([Buffer.from('['), int(41), Buffer.from('\xdb', 'latin1'), int(0)]),
  ];
  for (let level = 1; level <= 40; level++) {
    levels.push(Buffer.from('\xdb', 'latin1'), int(10));
    for (let i = 0; i < 10; i++) levels.push(Buffer.from('r'), int(level - 1));
  }
  assert.throws(() => marshal.decode(Buffer.concat(levels)), /more than 20000000 values/);
});

test('sizes are checked before room is made', () => {
  for (const type of ['(', '[', '<', '>', 's', 'u', 'a'])
    for (const size of [0x7fffffff, -1]) assert.throws(() => read(type, size), { code: 'pyro/malformed' });
  assert.throws(() => read('l', 0x7fffffff), { code: 'pyro/too-large' });
  assert.throws(() => read('l', 1, '\xff\xff'), /bad digit/);
  assert.throws(() => marshal.decode(Buffer.alloc(100_000, ')\x01', 'latin1')), { code: 'pyro/too-large' });
  assert.throws(() => marshal.decode(Buffer.alloc(0)), { code: 'pyro/malformed' });
});

test('no bytes make the reader crash', () => {
  const types: fc.Arbitrary<number> = fc.constantFrom(
    ...Array.from('NTFilgysuzZaA([)<>{0rct\xdb\xa9\x01\x02\0\0\0\xff', (c) => c.charCodeAt(0)),
  );
  fc.assert(
    fc.property(fc.array(types, { maxLength: 60 }), (bytes) => {
      try {
        marshal.decode(Uint8Array.from(bytes));
      } catch (error) {
        assert.ok(isLatchkeyError(error), String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
