import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encode, encodeUtf8String, TAG } from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { encodeName, type Name } from './name.ts';
import { parseOneline } from './name-oneline.ts';
import { formatRfc4514, parseRfc4514 } from './name-rfc4514.ts';

const show = (name: Name) => name.rdns.map((rdn) => rdn.map(({ type, text }) => `${type}=${text}`));

test('the examples of RFC 4514 §4 are read and written', () => {
  const examples: readonly [string, string[][]][] = [
    [
      'UID=jsmith,DC=example,DC=net',
      [
        ['0.9.2342.19200300.100.1.25=net'],
        ['0.9.2342.19200300.100.1.25=example'],
        ['0.9.2342.19200300.100.1.1=jsmith'],
      ],
    ],
    [
      'OU=Sales+CN=J.  Smith,DC=example,DC=net',
      [
        ['0.9.2342.19200300.100.1.25=net'],
        ['0.9.2342.19200300.100.1.25=example'],
        ['2.5.4.11=Sales', '2.5.4.3=J.  Smith'],
      ],
    ],
    [
      'CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net',
      [
        ['0.9.2342.19200300.100.1.25=net'],
        ['0.9.2342.19200300.100.1.25=example'],
        ['2.5.4.3=James "Jim" Smith, III'],
      ],
    ],
    [
      'CN=Before\\0dAfter,DC=example,DC=net',
      [['0.9.2342.19200300.100.1.25=net'], ['0.9.2342.19200300.100.1.25=example'], ['2.5.4.3=Before\rAfter']],
    ],
    ['1.3.6.1.4.1.1466.0=#04024869', [['1.3.6.1.4.1.1466.0=#04024869']]],
    ['CN=Lu\\C4\\8Di\\C4\\87', [['2.5.4.3=Lučić']]],
  ];
  for (const [text, rdns] of examples) {
    assert.deepEqual(show(parseRfc4514(text)), rdns, text);
    assert.deepEqual(show(parseRfc4514(formatRfc4514(parseRfc4514(text)))), rdns, text);
  }
  assert.equal(formatRfc4514(parseRfc4514('CN=Lu\\C4\\8Di\\C4\\87')), 'CN=Lučić');
});

test('special characters, blanks at the ends and # at the start are escaped', () => {
  const name = encodeName([[{ type: '2.5.4.3', der: encodeUtf8String(' #a,b+c"d\\e<f>g;h=i ') }]]);
  assert.equal(formatRfc4514(name), 'CN=\\ #a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h=i\\ ');
  assert.equal(formatRfc4514(encodeName([[{ type: '2.5.4.3', der: encodeUtf8String('#') }]])), 'CN=\\#');
  assert.equal(formatRfc4514(encodeName([[{ type: '2.5.4.3', der: encodeUtf8String(' ') }]])), 'CN=\\ ');
});

test('values that are no text, and types without a keyword, are given in hexadecimal', () => {
  const invalid = encode(TAG.utf8String, Buffer.from([0xff]));
  const surrogate = encode(TAG.bmpString, Buffer.from([0xd8, 0]));
  assert.equal(formatRfc4514(encodeName([[{ type: '2.5.4.3', der: invalid }]])), 'CN=#0c01ff');
  assert.equal(formatRfc4514(encodeName([[{ type: '2.5.4.3', der: surrogate }]])), 'CN=#1e02d800');
  assert.equal(
    formatRfc4514(encodeName([[{ type: '1.2.3.4', der: encodeUtf8String('x') }]])),
    '1.2.3.4=#0c0178',
  );
});

test('blanks around separators, semicolons and quotes of RFC 2253 are understood', () => {
  const expected = show(parseOneline('/O=Grid, Inc./OU=a b+CN=c'));
  assert.deepEqual(show(parseRfc4514('CN=c + ou = a b ; O="Grid, Inc." ')), expected);
  assert.deepEqual(show(parseRfc4514('oid.2.5.4.3=x')), [['2.5.4.3=x']]);
  assert.deepEqual(show(parseRfc4514('CN=,O=')), [['2.5.4.10='], ['2.5.4.3=']]);
  assert.equal(parseRfc4514('').rdns.length, 0);
});

test('what is no RFC 4514 name is refused', () => {
  for (const text of [
    'x',
    '/CN=x',
    'CN',
    'CN=a,',
    'CN=a,,O=b',
    'Nonsense=a',
    'CN=a\\',
    'CN=a\\q',
    'CN="a',
    'CN="a"b',
    'CN=#',
    'CN=#0',
    'CN=#0c05',
    'CN=#zz',
    'CN=a<b',
    'CN=a"b',
    '=a',
    '1.2=#05',
    `CN=${'x'.repeat(70_000)}`,
  ]) {
    assert.throws(
      () => parseRfc4514(text),
      (error) => isLatchkeyError(error, 'x509/name-malformed'),
      text.slice(0, 20),
    );
  }
});

const types = [
  '2.5.4.3',
  '2.5.4.10',
  '2.5.4.6',
  '2.5.4.9',
  '0.9.2342.19200300.100.1.44',
  '1.2.840.113549.1.9.1',
  '1.3.6.1.4.1.99999.1',
  '2.5.4.97',
];
const attribute = fc.record({
  type: fc.constantFrom(...types),
  text: fc.string({ unit: 'binary', maxLength: 30 }),
});
const rdns = fc.array(fc.array(attribute, { minLength: 1, maxLength: 3 }), { maxLength: 6 });

test('every name comes back from its text, but for the string types', () => {
  fc.assert(
    fc.property(rdns, (parts) => {
      const name = encodeName(
        parts.map((rdn) => rdn.map(({ type, text }) => ({ type, der: encodeUtf8String(text) }))),
      );
      const again = parseRfc4514(formatRfc4514(name));
      assert.deepEqual(
        show(again).map((rdn) => rdn.sort()),
        show(name).map((rdn) => rdn.sort()),
      );
    }),
    { numRuns: 2000 },
  );
});
