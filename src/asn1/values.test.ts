import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeInteger,
  encodeOid,
  encodeTime,
  readElement,
  readInteger,
  readOid,
  readTime,
} from './index.ts';

test('integers of any size come back', () => {
  fc.assert(
    fc.property(fc.bigInt(), (value) => {
      assert.equal(readInteger(readElement(encodeInteger(value))), value);
    }),
  );
});

test('object identifiers come back', () => {
  for (const oid of [
    '1.3.6.1.5.5.7.1.14',
    '2.5.4.3',
    '0.9.2342.19200300.100.1.25',
    '2.999.1',
    '1.3.6.1.4.1.3536.1.222',
  ]) {
    assert.equal(readOid(readElement(encodeOid(oid))), oid);
  }
});

test('times come back on both sides of 2050', () => {
  for (const iso of ['1999-12-31T23:59:59Z', '2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z']) {
    assert.equal(readTime(readElement(encodeTime(new Date(iso)))).toISOString(), new Date(iso).toISOString());
  }
});
