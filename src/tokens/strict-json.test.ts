import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseStrictObject } from './strict-json.ts';

const parse = (text: string): unknown => parseStrictObject(Buffer.from(text));

test('members twice are found wherever they are, and nowhere else', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":{"b":1,"b":2}}',
    '{"x":[{"a":1,"a":2}]}',
    '{"a":1,"\\u0061":2}',
    '{"a":1, "b":2,\n"a" :3}',
  ]) {
    assert.match(String(parse(text)), /twice/, text);
  }
  for (const text of [
    '{}',
    '{"a":"a","b":["a","a"]}',
    '{"a":{"a":{"a":1}}}',
    '{"a":"\\"a\\":1,","b":"{[\\\\"}',
    '{"a":[{"a":1},{"a":1}]}',
  ]) {
    assert.deepEqual(parse(text), JSON.parse(text), text);
  }
});

test('what is no object, no UTF-8 or nested too deep', () => {
  for (const text of ['', '[]', 'null', '"a"', '1', '{', '{"a":1}{', '\ufeff{}', '{"a":1,}', "{'a':1}"]) {
    assert.equal(typeof parse(text), 'string', text);
  }
  assert.equal(typeof parseStrictObject(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 'string');
  assert.equal(typeof parse(`{"a":${'['.repeat(15)}${']'.repeat(15)}}`), 'object');
  assert.match(String(parse(`{"a":${'['.repeat(16)}${']'.repeat(16)}}`)), /nested/);
});

test('property: whatever JSON.stringify writes of an object is read as it was', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(parse(text), JSON.parse(text));
    }),
    { seed: 7 },
  );
});

test('property: no bytes crash it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseStrictObject(bytes)),
    { seed: 7 },
  );
});
