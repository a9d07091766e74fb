import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import {
  encodeBitString,
  encodeInteger,
  encodeNull,
  encodeOid,
  encodeSequence,
  readOnly,
} from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { encodePublicKey, isSameKey, readPublicKey } from './index.ts';

const KEYS = [
  generateKeyPairSync('rsa', { modulusLength: 1024 }),
  generateKeyPairSync('rsa', { modulusLength: 1032, publicExponent: 3 }),
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  generateKeyPairSync('ed25519'),
].map(({ publicKey }) => publicKey);

test('keys of every type come back, and are written as OpenSSL writes them', () => {
  for (const key of KEYS) {
    const spki = key.export({ type: 'spki', format: 'der' });
    const read = readPublicKey(spki);
    assert.ok(read.equals(key) && read.equals(createPublicKey({ key: spki, format: 'der', type: 'spki' })));
    assert.deepEqual(encodePublicKey(read), spki);
    assert.deepEqual(encodePublicKey(read), read.export({ type: 'spki', format: 'der' }));
    assert.deepEqual(encodePublicKey(key), spki);
  }
});

test('what is kept of a key does not change with the buffer it was read from', () => {
  const spki = encodePublicKey(KEYS[0] ?? assert.fail());
  const copy = Buffer.from(spki);
  const read = readPublicKey(copy);
  copy.fill(0);
  assert.deepEqual(encodePublicKey(read), spki);
});

const rsa = (...contents: Buffer[]) =>
  encodeSequence(
    encodeSequence(encodeOid('1.2.840.113549.1.1.1'), encodeNull()),
    encodeBitString(encodeSequence(...contents)),
  );

test('an RSA key without the NULL of its algorithm is read, and written with it', () => {
  const n = encodeInteger((1n << 1023n) + 1n);
  const e = encodeInteger(65_537n);
  const bits = encodeBitString(encodeSequence(n, e));
  const bare = encodeSequence(encodeSequence(encodeOid('1.2.840.113549.1.1.1')), bits);
  assert.deepEqual(encodePublicKey(readPublicKey(bare)), rsa(n, e));
});

test('what is no key is refused', () => {
  const [one] = KEYS;
  const spki = encodePublicKey(one ?? assert.fail());
  for (const [what, der] of Object.entries({
    empty: Buffer.alloc(0),
    'cut short': spki.subarray(0, -1),
    'bytes after it': Buffer.concat([spki, Buffer.alloc(1)]),
    'too long': Buffer.alloc(8193),
    'one number': rsa(encodeInteger(5)),
    'three numbers': rsa(encodeInteger(5), encodeInteger(3), encodeInteger(1)),
    'a negative number': rsa(encodeInteger(-5), encodeInteger(3)),
    'a zero': rsa(encodeInteger(0), encodeInteger(3)),
    'a third field': encodeSequence(readOnly(spki).contents, encodeNull()),
    'an unknown type': encodeSequence(encodeSequence(encodeOid('1.2.3')), encodeBitString(Buffer.alloc(4))),
  })) {
    assert.throws(
      () => readPublicKey(der),
      (error) => isLatchkeyError(error, 'x509/key-malformed'),
      what,
    );
  }
});

test('an RSA key that cannot be one, or verifies everything, is refused', () => {
  const odd = (1n << 2047n) + 1n;
  for (const [n, e] of [
    [odd, 1n],
    [odd, 2n],
    [odd, 65_536n],
    [odd - 1n, 65_537n],
    [odd, 0n],
    [-odd, 65_537n],
  ] as const) {
    assert.throws(
      () => readPublicKey(rsa(encodeInteger(n), encodeInteger(e))),
      (error) => isLatchkeyError(error, 'x509/key-malformed'),
      `e=${e}`,
    );
  }
});

test('comparing keys of two kinds leaves nothing behind that the next private key stumbles over', () => {
  const [rsa, , ec, otherCurve] = KEYS;
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  assert.ok(rsa !== undefined && ec !== undefined && otherCurve !== undefined);
  assert.equal(isSameKey(rsa, ec), false);
  assert.equal(isSameKey(otherCurve, ec), false);
  assert.equal(isSameKey(rsa, readPublicKey(encodePublicKey(rsa))), true);
  assert.equal(createPrivateKey(pem).asymmetricKeyType, 'ec');
});
