import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../../kit/index.ts';
import { float, PyComplex, type PyroInput, type PyroValue } from '../value.ts';
import { json } from './json.ts';

function read(text: string): PyroValue {
  return json.decode(Buffer.from(text));
}

function written(value: PyroInput): string {
  return Buffer.from(json.encode(value)).toString();
}

test('what JSON.parse reads is read as it reads it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      if (text.includes('__proto__')) return;
      const parsed: unknown = JSON.parse(text, (_, v) =>
        Object.is(v, -0) && !text.includes('-0.0') ? 0 : v,
      );
      if (!/\d{16}|-0/.test(text)) assert.deepEqual(read(text), parsed);
    }),
  );
});

test('what JSON cannot say, Python writes all the same', () => {
  assert.equal(read('9007199254740993'), 9007199254740993n);
  assert.equal(read('0.1234567890123456789'), 0.12345678901234568);
  assert.deepEqual(read('[NaN, Infinity, -Infinity, -0.0]'), [Number.NaN, Infinity, -Infinity, -0]);
  assert.equal(read('"\\ud800\\u00e9\\n"'), '\ud800é\n');
  assert.equal(
    written([Number.NaN, 2n ** 64n, float(2), -0, '\ud800']),
    '[NaN,18446744073709551616,2.0,-0.0,"\\ud800"]',
  );
  assert.equal(written({ a: new Set([1]), b: { c: null } }), '{"a":[1],"b":{"c":null}}');
});

test('what json cannot write is refused, with what can', () => {
  for (const value of [Buffer.alloc(1), new PyComplex(1, 1), new Map([[1, 2]]), new Map([[[1], 2]])])
    assert.throws(
      () => json.encode([value]),
      (error) => isLatchkeyError(error, 'pyro/value') && /serpent/.test(error.hint ?? ''),
    );
});

test('anything else is refused', () => {
  for (const text of [
    '',
    '[',
    '[1',
    '[1,]',
    '{',
    '{"a"}',
    '{"a":1,}',
    '{1:2}',
    '01',
    '1.',
    '.5',
    '+1',
    "'a'",
    '"a',
    '"\\x"',
    '"\n"x',
    'nul',
    'nan',
    '[1]]',
    '"\\u12"',
  ])
    assert.throws(() => read(text), { code: 'pyro/malformed' }, text);
  for (const text of ['['.repeat(100_000), '{"a":'.repeat(100_000), '9'.repeat(5000)])
    assert.throws(() => read(text), { code: 'pyro/too-large' });
  const value = read('{"__proto__":{"polluted":1}}');
  assert.ok(value instanceof Map);
});
