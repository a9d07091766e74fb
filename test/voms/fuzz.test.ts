import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import {
  contextTag,
  encode,
  encodeInteger,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  readElement,
} from '../../src/asn1/index.ts';
import {
  type AttributeCertificate,
  attributeCertificatesOf,
  parseAttributeCertificate,
  validateAttributeCertificates,
} from '../../src/voms/index.ts';
import type { Certificate } from '../../src/x509/index.ts';
import { makeVomsGrid, type VomsGrid } from '../support/voms-grid.ts';
import { fuzz } from '../x509/fuzzer.ts';
import { carrying, crowded, makeVomsTargets, nested } from './hostile.ts';

let grid: VomsGrid;
let good: AttributeCertificate;
let chain: readonly Certificate[];

before(async () => {
  grid = await makeVomsGrid();
  good = await grid.attributes();
  chain = await grid.dressed([good]);
});

test('ten thousand mutated inputs are read or refused, and prove nothing that was not signed', async () => {
  const read = await fuzz(await makeVomsTargets(grid), 10_000, 0x5eed);
  assert.ok(read > 300 && read < 9_500, `${read} were read: the mutations are too wild or too tame`);
});

test('no bytes at all make the reader throw or prove something', () => {
  const { trust, vomsDirectory, now } = grid;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const reports = validateAttributeCertificates(carrying(chain, Buffer.from(bytes)), {
        ...{ trust, vomsDirectory, now },
      });
      assert.ok(reports.every(({ ok }) => !ok));
    }),
  );
});

test('any attributes that are issued are read back as they were', async () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,11}$/);
  const text = fc.string({ maxLength: 40 });
  const attribute = fc.record({ name: text, value: text, qualifier: text }, { noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(
      word,
      fc.array(word, { minLength: 1, maxLength: 5 }),
      fc.array(attribute, { maxLength: 5 }),
      fc.array(word, { maxLength: 3 }),
      fc.bigInt({ min: 1n, max: (1n << 159n) - 1n }),
      async (vo, groups, genericAttributes, targets, serialNumber) => {
        const fqans = groups.map((group) => `/${vo}/${group}/Role=NULL/Capability=NULL`);
        const made = await grid.attributes({ vo, fqans, genericAttributes, targets, serialNumber });
        const { der, ...read } = parseAttributeCertificate(made.der);
        assert.deepEqual(der, made.der);
        assert.deepEqual(
          [read.vo, read.fqans, read.genericAttributes, read.targets, read.serialNumber],
          [vo, fqans, genericAttributes, targets, serialNumber],
        );
      },
    ),
    { numRuns: 50 },
  );
});

/** The attribute certificate with another element in the place of one of its fields. */
function withField(index: number, replaced: (der: Buffer) => Buffer): Buffer {
  const outer = readElement(good.der);
  const tbs = readElement(outer.contents);
  const fields: Buffer[] = [];
  for (let at = 0; at < tbs.contents.length; ) {
    const { der } = readElement(tbs.contents, at);
    fields.push(fields.length === index ? replaced(der) : der);
    at += der.length;
  }
  return encodeSequence(encodeSequence(...fields), outer.contents.subarray(tbs.der.length));
}

const FIELDS = {
  version: 0,
  holder: 1,
  issuer: 2,
  algorithm: 3,
  serial: 4,
  validity: 5,
  attributes: 6,
  extensions: 7,
};

/** Adds one element to those inside. */
const adding = (extra: Buffer) => (der: Buffer) => encode(der[0] ?? 0, readElement(der).contents, extra);

test('what is deep, wide, double, not canonical or a lie is refused', () => {
  const { version, holder, issuer, serial, validity, attributes, extensions } = FIELDS;
  const noRevocation = (critical: Buffer) =>
    encodeSequence(encodeOid('2.5.29.56'), critical, encodeOctetString(Buffer.from('0500', 'hex')));
  const lying = Buffer.from(good.der);
  lying.writeUInt16BE(0xffff, 2);
  const hostile: Readonly<Record<string, Buffer>> = {
    'nothing but depth': nested(5_000),
    'depth where names belong': withField(issuer, () => encode(contextTag(0), nested(2_000))),
    'depth where attributes belong': withField(attributes, () => nested(2_000)),
    'ten thousand attributes': withField(attributes, () => crowded(10_001)),
    'more than 256 KiB': withField(extensions, adding(encodeOctetString(Buffer.alloc(300_000)))),
    'a length that lies': lying,
    'a length that is longer than it must be': Buffer.concat([
      Buffer.from([0x30, 0x83, 0]),
      good.der.subarray(2),
    ]),
    'an indefinite length': Buffer.concat([Buffer.from('3080', 'hex'), good.der, Buffer.alloc(2)]),
    'bytes after its end': Buffer.concat([good.der, Buffer.alloc(1)]),
    'an extension twice': withField(extensions, adding(noRevocation(Buffer.alloc(0)))),
    'the VOMS attribute twice': withField(attributes, (der) => adding(readElement(der).contents)(der)),
    'another version': withField(version, () => encodeInteger(2)),
    'a padded serial number': withField(serial, () => Buffer.from('02020001', 'hex')),
    'a serial number of 21 bytes': withField(serial, () => encode(2, Buffer.alloc(21, 1))),
    'no end': withField(validity, (der) => encodeSequence(readElement(readElement(der).contents).der)),
    'no holder': withField(holder, () => encodeSequence()),
    'a holder by a digest': withField(holder, () => encodeSequence(encode(contextTag(2), encodeInteger(0)))),
    'two names of the issuer': withField(issuer, (der) => {
      const names = readElement(readElement(der).contents).contents;
      return encode(contextTag(0), encodeSequence(names, names));
    }),
    'one more field': withField(extensions, (der) => Buffer.concat([der, encodeInteger(1)])),
    'a BOOLEAN of two bytes': withField(extensions, adding(noRevocation(Buffer.from('0102ffff', 'hex')))),
    'a primitive SEQUENCE': Buffer.concat([Buffer.from([0x10]), good.der.subarray(1)]),
  };
  for (const [name, der] of Object.entries(hostile)) {
    assert.throws(() => parseAttributeCertificate(der), { code: 'voms/malformed' }, name);
    const list = encodeSequence(encodeSequence(der, good.der));
    // Where the bytes can be told apart at all, the good one beside it is still read.
    const carried = attributeCertificatesOf(carrying(chain, list));
    assert.ok(
      carried.some(({ problem }) => problem !== undefined),
      name,
    );
  }
});

test('a hundred attribute certificates in one proxy are not looked at', () => {
  const many = encodeSequence(encodeSequence(...Array.from({ length: 100 }, () => good.der)));
  const [carried, ...others] = attributeCertificatesOf(carrying(chain, many));
  assert.deepEqual(others, []);
  assert.match(carried?.problem?.message ?? '', /100 attribute certificates in one proxy/);
});
