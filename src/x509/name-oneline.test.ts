import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encode, encodeUtf8String, TAG } from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { encodeName, type Name } from './name.ts';
import { formatOneline, hasUniqueOneline, parseOneline } from './name-oneline.ts';

const CN = '2.5.4.3';
const commonName = (tag: number, hex: string) =>
  encodeName([[{ type: CN, der: encode(tag, Buffer.from(hex, 'hex')) }]]);
const show = (name: Name) => name.rdns.map((rdn) => rdn.map(({ type, text }) => `${type}=${text}`));

test('names are written as X509_NAME_oneline of OpenSSL 3.0.19 wrote them', () => {
  // Taken from the library itself through ctypes: X509_NAME_add_entry_by_txt, then X509_NAME_oneline.
  const name = encodeName([
    [
      { type: '2.5.4.10', der: encodeUtf8String('Gr/id+x') },
      { type: CN, der: encodeUtf8String('a\\bé') },
    ],
    [{ type: '1.2.3.4', der: encodeUtf8String('zzé\x7f') }],
    [{ type: CN, der: encode(TAG.bmpString, Buffer.from('\0A\x01\x02', 'latin1')) }],
    [{ type: CN, der: encode(TAG.universalString, Buffer.from('\0\0\0A', 'latin1')) }],
  ]);
  assert.equal(
    formatOneline(name),
    '/CN=a\\b\\xC3\\xA9+O=Gr\\/id\\+x/1.2.3.4=zz\\xC3\\xA9\\x7F/CN=\\x00A\\x01\\x02/CN=\\x00\\x00\\x00A',
  );
});

test('a GeneralString that could be 32-bit characters shows every fourth byte', () => {
  assert.equal(formatOneline(commonName(0x1b, '0000004100000042')), '/CN=AB');
  assert.equal(formatOneline(commonName(0x1b, '0001004100000042')), '/CN=\\x00\\x01\\x00A\\x00\\x00\\x00B');
  assert.equal(formatOneline(commonName(0x1b, '414243')), '/CN=ABC');
});

test('short names are those of OpenSSL', () => {
  const line =
    '/DC=org/C=CH/ST=Bern/L=Thun/O=Grid/OU=Unit/SN=Doe/GN=Jane/UID=jd/emailAddress=j@x.org/serialNumber=7/street=Way';
  assert.equal(formatOneline(parseOneline(line)), line);
});

test('a slash or plus belongs to the value unless a known type and = follow', () => {
  assert.deepEqual(show(parseOneline('/O=Grid/CN=host/node.example.org')), [
    ['2.5.4.10=Grid'],
    ['2.5.4.3=host/node.example.org'],
  ]);
  assert.deepEqual(show(parseOneline('/CN=a/b=c/OU=d')), [['2.5.4.3=a/b=c'], ['2.5.4.11=d']]);
  assert.deepEqual(show(parseOneline('/CN=a+OU=b/CN=1+1=2')), [
    ['2.5.4.3=a', '2.5.4.11=b'],
    ['2.5.4.3=1+1=2'],
  ]);
  assert.deepEqual(show(parseOneline('/CN=a\\/OU=b\\+C=d')), [['2.5.4.3=a/OU=b+C=d']]);
});

test('names before OpenSSL 3 and other spellings are understood', () => {
  assert.deepEqual(show(parseOneline('/Email=a@b.c/E=d@e.f/userid=x/S=Bern')), [
    ['1.2.840.113549.1.9.1=a@b.c'],
    ['1.2.840.113549.1.9.1=d@e.f'],
    ['0.9.2342.19200300.100.1.1=x'],
    ['2.5.4.8=Bern'],
  ]);
  assert.deepEqual(show(parseOneline('/uid=a/UID=b')), [
    ['0.9.2342.19200300.100.1.44=a'],
    ['0.9.2342.19200300.100.1.1=b'],
  ]);
});

test('string types are those that RFC 5280 asks for', () => {
  const tags = parseOneline('/C=CH/DC=org/emailAddress=a@b/CN=x/CN=\\xE9').rdns.map(
    (rdn) => rdn[0]?.value.tag,
  );
  assert.deepEqual(tags, [
    TAG.printableString,
    TAG.ia5String,
    TAG.ia5String,
    TAG.utf8String,
    TAG.teletexString,
  ]);
});

test('what is no one-line name is refused', () => {
  for (const text of [
    'CN=Jane',
    '/',
    'x',
    '/=x',
    '/Nonsense=x',
    '//CN=x',
    '/CN',
    '+CN=x',
    '/1.2.3',
    '/9.9=x',
    `/CN=${'x'.repeat(70_000)}`,
  ]) {
    assert.throws(
      () => parseOneline(text),
      (error) => isLatchkeyError(error, 'x509/name-malformed'),
      text.slice(0, 20),
    );
  }
  assert.equal(formatOneline(parseOneline('')), '');
});

const types = [
  '2.5.4.3',
  '2.5.4.10',
  '2.5.4.6',
  '0.9.2342.19200300.100.1.25',
  '1.2.840.113549.1.9.1',
  '1.3.6.1.4.1.99999.1',
  '2.5.4.97',
];
// A literal backslash before x, /, + or at the end cannot be told from an escape: OpenSSL does not escape backslashes.
const value = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .filter((text) => !/\\(x[0-9A-Fa-f]{2}|[/+]|$)/.test(text));
const attribute = fc.record({ type: fc.constantFrom(...types), text: value });
const rdns = fc.array(fc.array(attribute, { minLength: 1, maxLength: 3 }), { maxLength: 6 });

test('every name comes back from its line, but for the string types', () => {
  fc.assert(
    fc.property(rdns, (parts) => {
      const name = encodeName(
        parts.map((rdn) => rdn.map(({ type, text }) => ({ type, der: encodeUtf8String(text) }))),
      );
      const line = formatOneline(name);
      assert.match(line, /^[\x20-\x7e]*$/);
      const again = parseOneline(line);
      assert.deepEqual(
        show(again).map((rdn) => rdn.sort()),
        show(name).map((rdn) => rdn.sort()),
      );
      assert.deepEqual(formatOneline(parseOneline(formatOneline(again))), formatOneline(again));
    }),
    { numRuns: 2000 },
  );
});

test('names that read as each other are told from those that do not', () => {
  const name = (...values: Buffer[]) => encodeName(values.map((der) => [{ type: CN, der }]));
  const text = (...values: string[]) => name(...values.map(encodeUtf8String));
  const pairs = [
    [text('a\\', 'b'), text('a/CN=b')],
    [text('J\\xC3\\xA9'), text('Jé')],
    [name(encode(TAG.bmpString, Buffer.from('\0a'))), text('\0a')],
    [name(encode(0x1b, Buffer.from('\0\0\0a'))), text('a')],
  ] as const;
  for (const [a, b] of pairs) {
    assert.equal(formatOneline(a), formatOneline(b));
    assert.ok(!(hasUniqueOneline(a) && hasUniqueOneline(b)), formatOneline(a));
  }
  for (const plain of ['Jane', 'host/a.org', 'DOMAIN\\jane', 'Jürgen', 'a\\/b', '', 'x\\xc3']) {
    assert.ok(hasUniqueOneline(text(plain)), plain);
  }
  const values = fc.array(
    fc.string({ unit: fc.constantFrom('\\', '/', '+', 'C', 'N', '=', 'x', 'A', 'é'), maxLength: 6 }),
    {
      minLength: 1,
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(values, values, (a, b) => {
      const [one, two] = [text(...a), text(...b)];
      if (!hasUniqueOneline(one) || !hasUniqueOneline(two) || one.der.equals(two.der)) return;
      assert.notEqual(formatOneline(one), formatOneline(two));
    }),
    { numRuns: 2_000 },
  );
});
