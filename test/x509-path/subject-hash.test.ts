import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { encode, encodeOid, encodeSequence, encodeSet, TAG } from '../../src/asn1/index.ts';
import { runProgram } from '../../src/kit/index.ts';
import { parseCertificate, subjectHash, subjectHashOld } from '../../src/x509/index.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { ecKeys, makeCertificate, pem } from './chain-maker.ts';

type Attribute = readonly [oid: string, tag: number, value: Buffer];
type Rdns = readonly (readonly Attribute[])[];

const [CN, O, OU, DC, EMAIL] = [
  '2.5.4.3',
  '2.5.4.10',
  '2.5.4.11',
  '0.9.2342.19200300.100.1.25',
  '1.2.840.113549.1.9.1',
];
const bmp = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const universal = (text: string): Buffer =>
  Buffer.concat(
    [...text].map((c) => {
      const point = Buffer.alloc(4);
      point.writeUInt32BE(c.codePointAt(0) ?? 0);
      return point;
    }),
  );
const utf8 = (text: string): Buffer => Buffer.from(text);
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

const NAMES: Readonly<Record<string, Rdns>> = {
  printable: [[[O, TAG.printableString, utf8('Grid')]], [[CN, TAG.printableString, utf8('Jane User')]]],
  'UTF-8 with accents': [
    [[O, TAG.utf8String, utf8('Grille Français')]],
    [[CN, TAG.utf8String, utf8('ÄÖÜ äöü ß')]],
  ],
  'mixed case': [[[O, TAG.utf8String, utf8('GrId')]], [[CN, TAG.printableString, utf8('JaNe UsEr')]]],
  'many blanks': [[[O, TAG.utf8String, utf8('  Grid \t  of\n\n all ')]], [[CN, TAG.utf8String, utf8('   ')]]],
  'vertical tab and form feed': [[[CN, TAG.utf8String, utf8('a\v\fb\rc')]]],
  'no-break space is no blank': [[[CN, TAG.utf8String, utf8('a\u00a0\u00a0b')]]],
  BMP: [[[O, TAG.bmpString, bmp('Grid Ünïcode')]], [[CN, TAG.bmpString, bmp('日本  語')]]],
  universal: [[[CN, TAG.universalString, universal('Łódź  Grid')]]],
  T61: [
    [[O, TAG.teletexString, latin1('Universit\u00e9  Grid')]],
    [[CN, TAG.teletexString, latin1('Jos\u00c9')]],
  ],
  IA5: [
    [[DC, TAG.ia5String, utf8('Example')]],
    [[DC, TAG.ia5String, utf8('ORG')]],
    [[EMAIL, TAG.ia5String, utf8('Jane@Example.ORG')]],
  ],
  'numeric stays as it is': [
    [['2.5.4.5', TAG.numericString, utf8('12 34  5')]],
    [[CN, TAG.utf8String, utf8('x')]],
  ],
  'multi-valued': [
    [[O, TAG.utf8String, utf8('Grid')]],
    [
      [CN, TAG.utf8String, utf8('Zoe')],
      [OU, TAG.utf8String, utf8('Alpha')],
      [DC, TAG.ia5String, utf8('beta')],
    ],
  ],
  'multi-valued, sorted differently after folding': [
    [
      [CN, TAG.utf8String, utf8('  b')],
      [CN, TAG.utf8String, utf8('A')],
    ],
  ],
  'unknown attribute': [[['1.3.6.1.4.1.99999.1', TAG.utf8String, utf8('What  EVER')]]],
  'attribute that is no string': [
    [['2.5.4.45', TAG.bitString, Buffer.from('00ff', 'hex')]],
    [[CN, TAG.utf8String, utf8('x')]],
  ],
  'empty value': [[[CN, TAG.utf8String, Buffer.alloc(0)]]],
  'long value': [[[CN, TAG.utf8String, utf8('Ab  '.repeat(300))]]],
  slashes: [[[CN, TAG.utf8String, utf8('host/node.example.org')]]],
};

test('subject hashes are those of openssl, for odd names too', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  for (const [what, rdns] of Object.entries(NAMES)) await t.test(what, () => compare(directory, rdns));
});

test('subject hashes are those of openssl, for random names', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  const text = fc.string({
    unit: fc.constantFrom('a', 'Z', ' ', '  ', '\t', 'é', '-', '/', '='),
    minLength: 1,
    maxLength: 12,
  });
  const value = fc.oneof(
    text.map((s) => [TAG.utf8String, utf8(s)] as const),
    text.map((s) => [TAG.bmpString, bmp(s)] as const),
    text.map((s) => [TAG.teletexString, latin1(s)] as const),
    text.map((s) => [TAG.printableString, latin1(s.replaceAll('é', 'e'))] as const),
  );
  const attribute = fc
    .tuple(fc.constantFrom(CN, O, OU, DC), value)
    .map(([oid, [tag, bytes]]) => [oid, tag, bytes] as Attribute);
  const rdns = fc.array(fc.array(attribute, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(rdns, (name) => compare(directory, name)),
    { numRuns: 40, seed: 20_261_122 },
  );
});

const keys = ecKeys();

async function compare(directory: string, rdns: Rdns): Promise<void> {
  const subject = encodeSequence(
    ...rdns.map((rdn) =>
      encodeSet(...rdn.map(([oid, tag, value]) => encodeSequence(encodeOid(oid), encode(tag, value)))),
    ),
  );
  const made = makeCertificate({ dn: '', keys, subject });
  const path = join(directory, 'name.pem');
  writeFileSync(path, pem(made));
  const run = await runProgram('openssl', [
    'x509',
    '-in',
    path,
    '-noout',
    '-subject_hash',
    '-subject_hash_old',
  ]);
  assert.equal(run.code, 0, run.stderr.toString());
  const name = parseCertificate(made.der).subject;
  assert.deepEqual([subjectHash(name), subjectHashOld(name)], run.stdout.toString().trim().split('\n'));
}
