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

test('large bytes that are most of a message are a view of it, others a copy', () => {
  for (const [length, isView] of [
    [1 << 20, true],
    [1000, false],
  ] as const) {
    const message = Buffer.from(new Uint8Array(msgpack.encode(Buffer.alloc(length, 5))).buffer);
    const value = msgpack.decode(message) as Uint8Array;
    assert.equal(value.buffer === message.buffer, isView);
    assert.deepEqual(Buffer.from(value), Buffer.alloc(length, 5));
  }
  const pair = Buffer.from(
    new Uint8Array(msgpack.encode([Buffer.alloc(1 << 16), Buffer.alloc(1 << 18)])).buffer,
  );
  const [little] = msgpack.decode(pair) as Uint8Array[];
  assert.notEqual(little?.buffer, pair.buffer);
});

test('short text that is not ASCII is read as UTF-8', () => {
  for (const text of ['', 'echo', 'hé', '€', '\u0000\u007f', '\u{1f600}', 'x'.repeat(40)])
    assert.equal(msgpack.decode(msgpack.encode(text)), text);
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
