import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encode,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSet,
  encodeUtf8String,
  TAG,
} from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { appendCommonName, appendedCommonName, encodeName, namesEqual, parseName } from './name.ts';
import { formatOneline, parseOneline } from './name-oneline.ts';

const attribute = (type: string, value: Buffer) => encodeSequence(encodeOid(type), value);

test('the bytes are kept and the attributes read, multi-valued RDNs too', () => {
  const der = encodeSequence(
    encodeSet(attribute('2.5.4.10', encodeUtf8String('Grid'))),
    encodeSet(
      attribute('2.5.4.3', encodePrintableString('Jane')),
      attribute('2.5.4.5', encodePrintableString('7')),
    ),
  );
  const name = parseName(der);
  assert.deepEqual(name.der, der);
  assert.deepEqual(
    name.rdns.map((rdn) => rdn.map(({ type, text }) => [type, text])),
    [
      [['2.5.4.10', 'Grid']],
      [
        ['2.5.4.5', '7'],
        ['2.5.4.3', 'Jane'],
      ],
    ],
  );
});

test('a value that is no text is given as its DER', () => {
  const name = parseName(
    encodeSequence(encodeSet(attribute('2.5.4.3', encode(TAG.octetString, Buffer.from([1]))))),
  );
  assert.equal(name.rdns[0]?.[0]?.text, '#040101');
});

test('names are equal by their bytes: another string type is another name', () => {
  const printable = encodeName([[{ type: '2.5.4.3', der: encodePrintableString('Jane') }]]);
  const utf8 = encodeName([[{ type: '2.5.4.3', der: encodeUtf8String('Jane') }]]);
  assert.equal(formatOneline(printable), formatOneline(utf8));
  assert.equal(namesEqual(printable, utf8), false);
  assert.equal(namesEqual(printable, parseName(Buffer.from(printable.der))), true);
});

test('a common name is appended behind the same bytes', () => {
  const parent = parseOneline('/O=Grid/CN=Jané');
  const child = appendCommonName(parent, '1234');
  assert.equal(formatOneline(child), '/O=Grid/CN=Jan\\xC3\\xA9/CN=1234');
  assert.equal(child.rdns.at(-1)?.[0]?.value.tag, TAG.printableString);
  assert.equal(appendedCommonName(child, parent), '1234');
  assert.equal(appendCommonName(parent, 'ü').rdns.at(-1)?.[0]?.value.tag, TAG.utf8String);
});

test('only one more RDN that is a single CN counts as appended', () => {
  const parent = parseOneline('/O=Grid/CN=Jane');
  for (const other of [
    '/O=Grid/CN=Jane',
    '/O=Grid/CN=Jane/OU=1',
    '/O=Grid/CN=Jane/CN=1/CN=2',
    '/O=Gris/CN=Jane/CN=1',
    '/O=Grid/CN=Jane/CN=1+OU=2',
  ]) {
    assert.equal(appendedCommonName(parseOneline(other), parent), undefined, other);
  }
});

test('malformed names are refused', () => {
  const cases: readonly [string, Buffer][] = [
    ['not a SEQUENCE', encodeSet()],
    ['an RDN that is no SET', encodeSequence(encodeSequence(attribute('2.5.4.3', encodeUtf8String('x'))))],
    ['an empty RDN', encodeSequence(encodeSet())],
    ['an attribute without a value', encodeSequence(encodeSet(encodeSequence(encodeOid('2.5.4.3'))))],
    [
      'two values',
      encodeSequence(
        encodeSet(encodeSequence(encodeOid('2.5.4.3'), encodeUtf8String('x'), encodeUtf8String('y'))),
      ),
    ],
    [
      'a BMPString of odd length',
      encodeSequence(encodeSet(attribute('2.5.4.3', encode(TAG.bmpString, Buffer.from('abc'))))),
    ],
    ['too long', encodeSequence(encodeSet(attribute('2.5.4.3', encodeUtf8String('x'.repeat(65_536)))))],
    [
      'too many',
      encodeSequence(
        ...Array.from({ length: 1001 }, () => encodeSet(attribute('2.5.4.3', encodeUtf8String('x')))),
      ),
    ],
  ];
  for (const [what, der] of cases) {
    assert.throws(
      () => parseName(der),
      (error) => isLatchkeyError(error, 'x509/name-malformed'),
      what,
    );
  }
});
