import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../../kit/index.ts';
import { PyComplex, type PyroInput } from '../value.ts';
import { msgpack } from './msgpack.ts';

test('integers take the shortest form, and come back at every border', () => {
  const cases: [number | bigint, number][] = [
    [0, 1],
    [127, 1],
    [128, 2],
    [255, 2],
    [256, 3],
    [65535, 3],
    [65536, 5],
    [2 ** 32 - 1, 5],
    [2 ** 32, 9],
    [2n ** 64n - 1n, 9],
    [2n ** 64n, 23],
    [-1, 1],
    [-32, 1],
    [-33, 2],
    [-128, 2],
    [-129, 3],
    [-32768, 3],
    [-32769, 5],
    [-(2 ** 31), 5],
    [-(2 ** 31) - 1, 9],
    [-(2n ** 63n), 9],
    [-(2n ** 63n) - 1n, 23],
  ];
  for (const [value, length] of cases) {
    const bytes = msgpack.encode(value);
    assert.equal(bytes.length, length, String(value));
    assert.equal(msgpack.decode(bytes), value);
  }
});

test('the extensions of Pyro', () => {
  assert.deepEqual(msgpack.decode(msgpack.encode(new PyComplex(1, -2))), new PyComplex(1, -2));
  const date = new Date('2026-12-01T10:00:00.125Z');
  assert.deepEqual(msgpack.decode(msgpack.encode(date)), date);
  // struct.pack("l", datetime.date(2026, 12, 1).toordinal())
  assert.equal(msgpack.decode(Buffer.from('d7336f4a0b0000000000', 'hex')), '2026-12-01');
  assert.throws(
    () => msgpack.decode(Buffer.from('d43400', 'hex')),
    /type 52 and 1 bytes, which is not Pyro's/,
  );
  assert.throws(() => msgpack.decode(Buffer.from('d531302e', 'hex')), /not digits/);
});

test('values are written behind each other however the buffer grows', () => {
  const value: PyroInput = Array.from({ length: 300 }, (_, i) => [
    2 ** 40 + i,
    i / 3,
    `${'x'.repeat(i)}`,
    -i,
  ]);
  assert.deepEqual(msgpack.decode(msgpack.encode(value)), value);
});

test('what is announced and not there, what means nothing, and what is too much is refused', () => {
  for (const hex of [
    '',
    'c1',
    'dd7fffffff',
    'df7fffffff',
    'db7fffffff',
    'c67fffffff',
    'c97fffffff30',
    'a5',
    '92c0',
    '81c0',
    'cf00',
    'a1ff',
    'c0c0',
  ])
    assert.throws(() => msgpack.decode(Buffer.from(hex, 'hex')), { code: 'pyro/malformed' }, hex);
  assert.throws(() => msgpack.decode(Buffer.alloc(10_000, 0x91)), { code: 'pyro/too-large' });
  assert.throws(() => msgpack.encode('\ud800'), { code: 'pyro/value' });
  const dict = msgpack.decode(Buffer.from(`81a9${Buffer.from('__proto__').toString('hex')}80`, 'hex'));
  assert.ok(dict instanceof Map);
});

test('no bytes make the reader crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        msgpack.decode(bytes);
      } catch (error) {
        assert.ok(isLatchkeyError(error), String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
