import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBitString, encodeInteger, encodeSequence } from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import {
  authorityKeyIdentifier,
  authorityKeyIdentifierExtension,
  basicConstraints,
  basicConstraintsExtension,
  EKU,
  type Extension,
  extendedKeyUsage,
  extendedKeyUsageExtension,
  type GeneralName,
  type KeyUsage,
  keyUsage,
  keyUsageExtension,
  parseOneline,
  subjectAltNameExtension,
  subjectAltNames,
  subjectKeyIdentifier,
} from './index.ts';

const of = (...extensions: Extension[]) => ({ extensions });
const hex = (extension: Extension) => extension.value.toString('hex');
const isMalformed = (error: unknown) => isLatchkeyError(error, 'x509/malformed');

test('absent extensions are undefined, or no names', () => {
  assert.equal(basicConstraints(of()), undefined);
  assert.equal(keyUsage(of()), undefined);
  assert.equal(extendedKeyUsage(of()), undefined);
  assert.equal(subjectKeyIdentifier(of()), undefined);
  assert.equal(authorityKeyIdentifier(of()), undefined);
  assert.deepEqual(subjectAltNames(of()), []);
});

test('basicConstraints come back', () => {
  for (const value of [
    { isCa: false },
    { isCa: true },
    { isCa: true, pathLength: 0 },
    { isCa: true, pathLength: 7 },
  ]) {
    assert.deepEqual(basicConstraints(of(basicConstraintsExtension(value))), value);
  }
  assert.equal(hex(basicConstraintsExtension({ isCa: false })), '3000');
  assert.equal(hex(basicConstraintsExtension({ isCa: true, pathLength: 1 })), '30060101ff020101');
  const negative = { ...basicConstraintsExtension({ isCa: true }), value: encodeSequence(encodeInteger(-1)) };
  assert.throws(() => basicConstraints(of(negative)), isMalformed);
});

test('every set of key usages comes back, in DER', () => {
  const all: KeyUsage[] = [
    'digitalSignature',
    'nonRepudiation',
    'keyEncipherment',
    'dataEncipherment',
    'keyAgreement',
    'keyCertSign',
    'cRLSign',
    'encipherOnly',
    'decipherOnly',
  ];
  for (let set = 0; set < 512; set += 1) {
    const usages = all.filter((_, bit) => set & (1 << bit));
    assert.deepEqual([...(keyUsage(of(keyUsageExtension(usages))) ?? [])], usages);
  }
  assert.equal(hex(keyUsageExtension(['digitalSignature', 'keyEncipherment'])), '030205a0');
  assert.equal(hex(keyUsageExtension([])), '030100');
  assert.equal(hex(keyUsageExtension(['decipherOnly'])), '0303070080');
  assert.throws(
    () => keyUsage(of({ ...keyUsageExtension([]), value: encodeBitString(Buffer.alloc(0), 3) })),
    isMalformed,
  );
});

test('extended key usages come back', () => {
  const extension = extendedKeyUsageExtension([EKU.serverAuth, EKU.clientAuth]);
  assert.deepEqual(extendedKeyUsage(of(extension)), [EKU.serverAuth, EKU.clientAuth]);
  assert.throws(
    () => extendedKeyUsage(of({ ...extension, value: Buffer.from('3003020101', 'hex') })),
    isMalformed,
  );
});

test('alternative names of every form come back', () => {
  const names: GeneralName[] = [
    { type: 'dns', value: 'node.example.org' },
    { type: 'email', value: 'jane@example.org' },
    { type: 'uri', value: 'https://example.org/' },
    { type: 'ip', value: '192.0.2.1' },
    { type: 'ip', value: '::1' },
    { type: 'ip', value: '2001:db8::8:800:200c:417a' },
    { type: 'ip', value: '::ffff:c000:201' },
    { type: 'directory', value: parseOneline('/O=Grid/CN=Jane') },
    { type: 'other', value: Buffer.from('8803550403', 'hex') },
  ];
  assert.deepEqual(subjectAltNames(of(subjectAltNameExtension(names))), names);
  const mapped = subjectAltNameExtension([{ type: 'ip', value: '::ffff:192.0.2.1' }]);
  assert.equal(hex(mapped), '3012871000000000000000000000ffffc0000201');
});

test('alternative names that are none are refused', () => {
  assert.throws(() => subjectAltNameExtension([{ type: 'ip', value: '1.2.3' }]), TypeError);
  assert.throws(() => subjectAltNameExtension([{ type: 'ip', value: 'fe80::1%eth0' }]), TypeError);
  assert.throws(() => subjectAltNameExtension([{ type: 'dns', value: 'bücher.example' }]), TypeError);
  const extension = subjectAltNameExtension([]);
  for (const value of ['30058703010203', '3004a4023000ff', '3002a400', '8200']) {
    assert.throws(
      () => subjectAltNames(of({ ...extension, value: Buffer.from(value, 'hex') })),
      isMalformed,
      value,
    );
  }
  const nul = { ...extension, value: Buffer.from('30068204612e0062', 'hex') };
  assert.deepEqual(subjectAltNames(of(nul)), [{ type: 'dns', value: 'a.\0b' }]);
});

test('key identifiers come back', () => {
  const identifier = Buffer.from('0102030405', 'hex');
  assert.deepEqual(authorityKeyIdentifier(of(authorityKeyIdentifierExtension(identifier))), identifier);
});
