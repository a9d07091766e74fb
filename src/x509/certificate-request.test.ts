import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contextTag,
  encode,
  encodeBitString,
  encodeInteger,
  encodeOid,
  encodeSequence,
  encodeSet,
} from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import {
  createCertificateRequest,
  type Digest,
  encodePublicKey,
  formatOneline,
  generateKeyPair,
  keySigner,
  keyUsageExtension,
  parseCertificateRequest,
  parseOneline,
  proxyCertInfoExtension,
  proxyTypeOfRequest,
} from './index.ts';

const EC = await generateKeyPair({ type: 'ec' });
const signer = keySigner(EC.privateKey);

test('a request says what was put in and is signed with its own key', async () => {
  const der = await createCertificateRequest({
    subject: parseOneline('/CN=Jane'),
    signer,
    extensions: [keyUsageExtension(['digitalSignature'])],
  });
  const request = parseCertificateRequest(der);
  assert.equal(formatOneline(request.subject), '/CN=Jane');
  assert.ok(request.publicKey.equals(EC.publicKey));
  assert.deepEqual(request.extensions, [keyUsageExtension(['digitalSignature'])]);
  assert.equal(request.verify(), true);
  assert.equal(proxyTypeOfRequest(request), undefined);
  der.fill(0);
  assert.equal(request.verify(), true);
});

test('a request that was tampered with does not verify', async () => {
  const der = await createCertificateRequest({ subject: parseOneline('/CN=Jane'), signer });
  der[der.indexOf('Jane')] = 0x4b;
  assert.equal(parseCertificateRequest(der).verify(), false);
});

test('a request may have an empty subject, no attributes at all, and SHA-1 as jglobus makes it', async () => {
  assert.equal(parseCertificateRequest(await createCertificateRequest({ signer })).subject.rdns.length, 0);
  const rsa = await generateKeyPair({ type: 'rsa', bits: 1024 });
  for (const digest of ['sha1', 'sha256', 'sha384', 'sha512'] satisfies Digest[]) {
    const der = await createCertificateRequest({ signer: keySigner(rsa.privateKey), digest });
    assert.equal(parseCertificateRequest(der).verify(), true, digest);
  }
  const info = encodeSequence(encodeInteger(0), encodeSequence(), encodePublicKey(EC.publicKey));
  const signature = encodeBitString(await signer.sign(info, 'sha256'));
  const algorithm = encodeSequence(encodeOid('1.2.840.10045.4.3.2'));
  assert.equal(parseCertificateRequest(encodeSequence(info, algorithm, signature)).verify(), true);
});

test('the proxy type asked for is read in both forms', async () => {
  for (const type of [
    { kind: 'rfc3820', rights: 'limited' },
    { kind: 'draft', rights: 'impersonation', pathLength: 2 },
  ] as const) {
    const der = await createCertificateRequest({ signer, extensions: [proxyCertInfoExtension(type)] });
    assert.deepEqual(proxyTypeOfRequest(parseCertificateRequest(der)), type);
  }
});

test('requests that are none are refused', async () => {
  const good = await createCertificateRequest({ signer });
  const list = encodeSequence(encodeSequence(encodeOid('2.5.29.15'), encode(4, Buffer.from([3, 1, 0]))));
  const wants = (...values: Buffer[]) =>
    encodeSequence(encodeOid('1.2.840.113549.1.9.14'), encodeSet(...values));
  const make = async (version: number, ...attributes: Buffer[]) => {
    const key = encodePublicKey(EC.publicKey);
    const info = encodeSequence(
      encodeInteger(version),
      encodeSequence(),
      key,
      encode(contextTag(0), ...attributes),
    );
    const algorithm = encodeSequence(encodeOid('1.2.840.10045.4.3.2'));
    return encodeSequence(info, algorithm, encodeBitString(await signer.sign(info, 'sha256')));
  };
  assert.equal(parseCertificateRequest(await make(0, wants(list))).extensions.length, 1);
  // arcproxy writes version 2.
  assert.equal(parseCertificateRequest(await make(2, wants(list))).extensions.length, 1);
  const cases: readonly [string, Buffer][] = [
    ['cut short', good.subarray(0, -1)],
    ['bytes after it', Buffer.concat([good, Buffer.alloc(1)])],
    ['two lists of extensions', await make(0, wants(list, encodeSequence()))],
    ['two requests for extensions', await make(0, wants(list), wants(list))],
    ['no list', await make(0, wants())],
    ['more than 64 KiB', Buffer.alloc(65_537)],
  ];
  for (const [what, der] of cases) {
    assert.throws(
      () => parseCertificateRequest(der),
      (error) => isLatchkeyError(error, 'x509/malformed'),
      what,
    );
  }
});
