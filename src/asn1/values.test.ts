import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encode,
  encodeBitString,
  encodeInteger,
  encodeOid,
  encodeSet,
  encodeTime,
  encodeUtf8String,
  readBitString,
  readBoolean,
  readElement,
  readInteger,
  readOid,
  readSmallInteger,
  readText,
  readTime,
  TAG,
} from './index.ts';

const element = (hex: string) => readElement(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

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

test('integers must be minimal and not empty', () => {
  for (const hex of ['0200', '02020001', '0202ff80', '02020000']) {
    assert.throws(() => readInteger(element(hex)), /INTEGER/, hex);
  }
  assert.equal(readInteger(element('020200ff')), 255n);
  assert.equal(readInteger(element('0202ff7f')), -129n);
  assert.throws(() => readSmallInteger(element('02 08 7fffffffffffffff')), /too large/);
});

test('odd object identifiers are refused, also on a second reading', () => {
  for (const hex of ['0600', '060181', '06022a80', '0603558001', `0641${'01'.repeat(65)}`]) {
    for (let i = 0; i < 2; i += 1) assert.throws(() => readOid(element(hex)), /OBJECT IDENTIFIER/, hex);
  }
  assert.throws(() => encodeOid('1.40'), TypeError);
  assert.equal(readOid(element('060488378837')), '2.999.1079');
});

test('bit strings need a count of unused bits that fits', () => {
  assert.deepEqual(readBitString(readElement(encodeBitString(Buffer.from([0xa0]), 5))), {
    bytes: Buffer.from([0xa0]),
    unusedBits: 5,
  });
  for (const hex of ['0300', '030108', '030101', '03020800']) {
    assert.throws(() => readBitString(element(hex)), /BIT STRING/, hex);
  }
});

test('booleans are one byte', () => {
  assert.equal(readBoolean(element('010100')), false);
  assert.equal(readBoolean(element('010101')), true);
  assert.throws(() => readBoolean(element('01020000')), /BOOLEAN/);
});

test('text of every string type is read, and nothing else', () => {
  assert.equal(readText(readElement(encodeUtf8String('Zoë 鍵'))), 'Zoë 鍵');
  assert.equal(readText(element('14 03 5a6feb')), 'Zoë');
  assert.equal(readText(element('1e 04 00410142')), 'Ał'.replace('ł', '\u0142'));
  assert.equal(readText(element('1c 04 0001f511')), '🔑');
  assert.equal(readText(element('0401ff')), undefined);
  assert.throws(() => readText(element('1e 03 004101')), /BMPString/);
  assert.throws(() => readText(element('1c 04 00110000')), /impossible character/);
  assert.throws(() => readText(element('1c 02 0041')), /UniversalString/);
});

test('times that do not exist are refused', () => {
  for (const text of [
    '250230000000Z',
    '251301000000Z',
    '250101240000Z',
    '250101006000Z',
    '250101000060Z',
    '2501010000Z',
    '250101000000+0100',
    '2501010000000Z',
  ]) {
    assert.throws(() => readTime(readElement(encode(TAG.utcTime, Buffer.from(text)))), /time/, text);
  }
  assert.throws(
    () => readTime(readElement(encode(TAG.generalizedTime, Buffer.from('20250101000000.5Z')))),
    /time/,
  );
  assert.equal(
    readTime(readElement(encode(TAG.utcTime, Buffer.from('500101000000Z')))).toISOString(),
    '1950-01-01T00:00:00.000Z',
  );
});

test('a SET OF is put in DER order', () => {
  assert.deepEqual(encodeSet(encodeInteger(2), encodeInteger(1)), Buffer.from('3106020101020102', 'hex'));
});
