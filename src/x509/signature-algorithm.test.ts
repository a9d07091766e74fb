import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { contextTag, encode, encodeInteger, encodeNull, encodeOid, encodeSequence } from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { type Digest, signatureDigest, verifySignature } from './index.ts';
import { signatureAlgorithmFor } from './signature-algorithm.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const ed = generateKeyPairSync('ed25519');
const tbs = Buffer.from('to be signed');
const DIGESTS: readonly Digest[] = ['sha1', 'sha256', 'sha384', 'sha512'];
const OIDS: Readonly<Record<Digest, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

test('RSA, ECDSA and Ed25519 signatures verify with their key and no other', () => {
  const pairs = [rsa, ec, ed];
  for (const [i, { publicKey, privateKey }] of pairs.entries()) {
    for (const digest of DIGESTS) {
      const signatureAlgorithmDer = signatureAlgorithmFor(publicKey, digest);
      const signature = sign(publicKey === ed.publicKey ? null : digest, tbs, privateKey);
      const signed = { tbs, signatureAlgorithmDer, signature };
      for (const [j, other] of pairs.entries())
        assert.equal(verifySignature(signed, other.publicKey), i === j);
      assert.equal(verifySignature({ ...signed, tbs: Buffer.from('something else') }, publicKey), false);
      assert.equal(verifySignature({ ...signed, signature: Buffer.alloc(0) }, publicKey), false);
      assert.equal(signatureDigest(signed), publicKey === ed.publicKey ? undefined : digest);
    }
  }
});

function pss(digest: Digest, mask: Digest, saltLength: number, trailer?: number): Buffer {
  const hash = (name: Digest) => encodeSequence(encodeOid(OIDS[name]), encodeNull());
  return encodeSequence(
    encodeOid('1.2.840.113549.1.1.10'),
    encodeSequence(
      encode(contextTag(0), hash(digest)),
      encode(contextTag(1), encodeSequence(encodeOid('1.2.840.113549.1.1.8'), hash(mask))),
      encode(contextTag(2), encodeInteger(saltLength)),
      ...(trailer === undefined ? [] : [encode(contextTag(3), encodeInteger(trailer))]),
    ),
  );
}

const signPss = (digest: Digest, saltLength: number, key: KeyObject) =>
  sign(digest, tbs, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });

test('RSA-PSS signatures verify with the digest and salt they name', () => {
  for (const digest of ['sha1', 'sha256', 'sha384'] as const) {
    const signature = signPss(digest, 32, rsa.privateKey);
    assert.equal(
      verifySignature({ tbs, signatureAlgorithmDer: pss(digest, digest, 32), signature }, rsa.publicKey),
      true,
    );
    assert.equal(
      verifySignature({ tbs, signatureAlgorithmDer: pss(digest, digest, 20), signature }, rsa.publicKey),
      false,
    );
    assert.equal(
      verifySignature({ tbs, signatureAlgorithmDer: pss(digest, digest, 32, 1), signature }, rsa.publicKey),
      true,
    );
  }
  const defaults = encodeSequence(encodeOid('1.2.840.113549.1.1.10'), encodeSequence());
  const signature = signPss('sha1', 20, rsa.privateKey);
  assert.equal(verifySignature({ tbs, signatureAlgorithmDer: defaults, signature }, rsa.publicKey), true);
});

test('a key bound to RSA-PSS verifies RSA-PSS only', () => {
  const bound = generateKeyPairSync('rsa-pss', { modulusLength: 1024 });
  const signature = signPss('sha256', 32, bound.privateKey);
  assert.equal(
    verifySignature({ tbs, signatureAlgorithmDer: pss('sha256', 'sha256', 32), signature }, bound.publicKey),
    true,
  );
  const algorithm = encodeSequence(encodeOid('1.2.840.113549.1.1.11'), encodeNull());
  assert.equal(verifySignature({ tbs, signatureAlgorithmDer: algorithm, signature }, bound.publicKey), false);
});

test('MD5, odd parameters and unknown algorithms are refused by name', () => {
  const cases: readonly Buffer[] = [
    encodeSequence(encodeOid('1.2.840.113549.1.1.4'), encodeNull()),
    encodeSequence(encodeOid('1.2.840.113549.1.1.11'), encodeInteger(1)),
    encodeSequence(encodeOid('1.2.840.10045.4.3.2'), encodeNull()),
    encodeSequence(encodeOid('1.2.840.113549.1.1.10')),
    pss('sha256', 'sha1', 32),
    pss('sha256', 'sha256', -1),
    pss('sha256', 'sha256', 32, 2),
  ];
  for (const signatureAlgorithmDer of cases) {
    const signed = { tbs, signatureAlgorithmDer, signature: Buffer.alloc(128) };
    assert.throws(
      () => verifySignature(signed, rsa.publicKey),
      (error) => isLatchkeyError(error, 'x509/algorithm-unsupported'),
    );
    assert.equal(signatureDigest(signed), undefined);
  }
  assert.throws(
    () =>
      verifySignature(
        { tbs, signatureAlgorithmDer: Buffer.from('3001', 'hex'), signature: tbs },
        rsa.publicKey,
      ),
    (error) => isLatchkeyError(error, 'x509/malformed'),
  );
  assert.throws(
    () => signatureAlgorithmFor(generateKeyPairSync('x25519').publicKey, 'sha256'),
    (error) => isLatchkeyError(error, 'x509/algorithm-unsupported'),
  );
});
