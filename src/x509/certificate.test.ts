import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import { contextTag, encode, encodeInteger, encodeSequence, formatPem, readOnly } from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import {
  buildCertificate,
  type Certificate,
  encodePublicKey,
  formatCertificates,
  formatOneline,
  isSignedBy,
  keySigner,
  parseCertificate,
  parseCertificates,
  parseOneline,
} from './index.ts';
import { DAY_MS, type Holder, makeAuthority, makeUser, NOW } from './sample-holders.test.ts';

let authority: Holder;
let user: Holder;
before(async () => {
  authority = await makeAuthority();
  user = await makeUser(authority);
});

test('a certificate says what was put in, and Node reads the same', () => {
  const { certificate } = user;
  const theirs = new X509Certificate(certificate.der);
  assert.equal(formatOneline(certificate.subject), '/O=Grid/CN=Jane User');
  assert.equal(formatOneline(certificate.issuer), '/O=Grid/CN=Test CA');
  assert.equal(certificate.serialNumber.toString(16).toUpperCase(), theirs.serialNumber.replace(/^0+/, ''));
  assert.equal(certificate.notAfter.getTime(), NOW.getTime() + 365 * DAY_MS);
  assert.equal(new Date(theirs.validTo).getTime(), certificate.notAfter.getTime());
  assert.equal(certificate.signatureAlgorithm, '1.2.840.10045.4.3.2');
  assert.ok(certificate.publicKey.equals(theirs.publicKey));
  assert.equal(certificate.fingerprint, theirs.fingerprint256.replaceAll(':', '').toLowerCase());
  assert.equal(certificate.fingerprint, createHash('sha256').update(certificate.der).digest('hex'));
});

test('the signature is verified with the key of the issuer of that name', async () => {
  assert.equal(isSignedBy(user.certificate, authority.certificate), true);
  assert.equal(isSignedBy(user.certificate, user.certificate), false);
  const namesake = await makeAuthority();
  assert.equal(isSignedBy(user.certificate, namesake.certificate), false);
  const tampered = Buffer.from(user.certificate.der);
  const at = tampered.indexOf('Jane');
  tampered[at] = 0x4b;
  const jane = parseCertificate(tampered);
  assert.equal(formatOneline(jane.subject), '/O=Grid/CN=Kane User');
  assert.equal(isSignedBy(jane, authority.certificate), false);
});

test('a certificate cannot be changed, nor changes with the buffer it was read from', () => {
  const der = Buffer.from(user.certificate.der);
  const certificate = parseCertificate(der);
  der.fill(0);
  assert.deepEqual(certificate.der, user.certificate.der);
  assert.ok(Object.isFrozen(certificate) && Object.isFrozen(certificate.extensions));
  certificate.notAfter.setTime(0);
  assert.deepEqual(certificate.notAfter, user.certificate.notAfter);
});

test('certificates come back from PEM, other blocks are passed over', () => {
  const pem = formatCertificates([user.certificate, authority.certificate]);
  const key = formatPem('PRIVATE KEY', Buffer.from([5, 0]));
  assert.deepEqual(
    parseCertificates(`${key}${pem}`).map(({ der }) => der),
    [user.certificate.der, authority.certificate.der],
  );
});

test('Ed25519 certificates are made and verified', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const subject = parseOneline('/CN=Ed');
  const certificate = await buildCertificate({
    subject,
    issuer: subject,
    serialNumber: 1n,
    notBefore: NOW,
    notAfter: NOW,
    spki: encodePublicKey(publicKey),
    extensions: [],
    signer: keySigner(privateKey),
  });
  assert.equal(isSignedBy(certificate, certificate), true);
});

/** The certificate with one of its top-level parts, or of its fields, replaced. */
function rebuilt(certificate: Certificate, change: (fields: Buffer[]) => Buffer[]): Buffer {
  const tail = certificate.der.subarray(certificate.der.length - outerTail(certificate));
  return encodeSequence(encodeSequence(...change(elements(readOnly(certificate.tbs).contents))), tail);
}

function outerTail(certificate: Certificate): number {
  return readOnly(certificate.der).contents.length - certificate.tbs.length;
}

function elements(contents: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let rest = contents; rest.length > 0; ) {
    const size = encodeSequence().length + ((rest[1] ?? 0) < 0x80 ? (rest[1] ?? 0) : longLength(rest));
    found.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  return found;
}

function longLength(element: Buffer): number {
  const count = (element[1] ?? 0) & 0x7f;
  return count + element.readUIntBE(2, count);
}

test('certificates that are none are refused', () => {
  const { certificate } = user;
  const cases: readonly [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['bytes after it', Buffer.concat([certificate.der, Buffer.alloc(1)])],
    ['cut short', certificate.der.subarray(0, -1)],
    ['version 5', rebuilt(certificate, ([, ...rest]) => [encode(contextTag(0), encodeInteger(4)), ...rest])],
    ['extensions in version 1', rebuilt(certificate, ([, ...rest]) => rest)],
    ['no key', rebuilt(certificate, (fields) => fields.filter((_, i) => i !== 6))],
    [
      'two algorithms',
      rebuilt(certificate, (f) => f.map((field, i) => (i === 2 ? encodeSequence(encodeInteger(1)) : field))),
    ],
    [
      'an empty serial number',
      rebuilt(certificate, (f) => f.map((field, i) => (i === 1 ? Buffer.from([2, 0]) : field))),
    ],
    [
      'a long serial number',
      rebuilt(certificate, (f) => f.map((field, i) => (i === 1 ? encodeInteger(1n << 600n) : field))),
    ],
    ['extensions twice', rebuilt(certificate, (f) => [...f, f.at(-1) ?? Buffer.alloc(0)])],
    ['more than 1 MiB', Buffer.alloc((1 << 20) + 1)],
  ];
  for (const [what, der] of cases) {
    assert.throws(
      () => parseCertificate(der),
      (error) => isLatchkeyError(error, 'x509/malformed'),
      what,
    );
  }
  assert.deepEqual(parseCertificate(rebuilt(certificate, (fields) => fields)).der, certificate.der);
});

test('the same extension twice is refused', async () => {
  const [extension] = user.certificate.extensions;
  assert.ok(extension);
  await assert.rejects(
    makeUser(authority, { extensions: [extension, extension] }),
    /2\.5\.29\.15 is there twice/,
  );
});

test('a key on a curve given by parameters is refused when it is asked for', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const certificate = parseCertificate(
    rebuilt(user.certificate, (f) => f.map((field, i) => (i === 6 ? spki : field))),
  );
  assert.throws(
    () => certificate.publicKey,
    (error) => isLatchkeyError(error, 'x509/key-malformed'),
  );
  assert.equal(isSignedBy(user.certificate, certificate), false);
});
