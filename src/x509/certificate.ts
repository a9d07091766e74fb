import { createHash, type KeyObject } from 'node:crypto';
import {
  Cursor,
  contextTag,
  type Element,
  formatPem,
  implicitTag,
  parsePem,
  readBitString,
  readInteger,
  readOid,
  readOnly,
  readSmallInteger,
  readTime,
  TAG,
} from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { type Extension, readExtensions } from './extension.ts';
import { type Name, namesEqual, parseName } from './name.ts';
import { readPublicKey } from './public-key.ts';
import { malformed, reading } from './reading.ts';
import { type Signed, verifySignature } from './signature-algorithm.ts';

/** An X.509 certificate (RFC 5280 §4.1), immutable; its buffers are slices of `der` and must not be written to. */
export interface Certificate extends Signed {
  readonly der: Buffer;
  readonly serialNumber: bigint;
  readonly issuer: Name;
  readonly subject: Name;
  /** A fresh Date each time. */
  readonly notBefore: Date;
  /** A fresh Date each time. */
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  readonly extensions: readonly Extension[];
  /** Dotted object identifier of the signature algorithm. */
  readonly signatureAlgorithm: string;
  /** Read on first use. @throws LatchkeyError `x509/key-malformed` */
  readonly publicKey: KeyObject;
  /** SHA-256 of `der`, lower-case hexadecimal; computed on first use. */
  readonly fingerprint: string;
}

const MAX_CERTIFICATE_BYTES = 1 << 20;
const MAX_CERTIFICATES = 1000;
const MAX_SERIAL_BYTES = 64;

/**
 * Reads a DER certificate; the bytes are copied once. The key and the contents of extensions are not looked at yet, so that
 * this costs microseconds: reading them later may still throw.
 *
 * @throws LatchkeyError `x509/malformed`, `x509/name-malformed`; also when it is longer than 1 MiB, has an extension twice, or
 * two different signature algorithms (RFC 5280 §4.1.1.2)
 */
export function parseCertificate(der: Buffer): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) throw malformed('certificate', 'it is longer than 1 MiB');
  return reading('certificate', () => readCertificate(Buffer.from(der)));
}

/**
 * Every certificate of a PEM text, in order; other blocks are passed over. Labels `CERTIFICATE` and `X509 CERTIFICATE`.
 *
 * @throws LatchkeyError `x509/malformed`, `pem/malformed`; also for more than 1000 certificates
 */
export function parseCertificates(pem: string): Certificate[] {
  const blocks = parsePem(pem).filter(({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE');
  if (blocks.length > MAX_CERTIFICATES) {
    throw malformed('list of certificates', `more than ${MAX_CERTIFICATES} of them`);
  }
  return blocks.map((block) => parseCertificate(block.der));
}

/** The certificates as PEM, one block after the other. */
export function formatCertificates(certificates: readonly Certificate[]): string {
  return certificates.map((certificate) => formatPem('CERTIFICATE', certificate.der)).join('');
}

/**
 * True when `issuer`'s name is the certificate's issuer and its key made the signature. Nothing else is looked at: whether
 * it was allowed to sign is path validation.
 *
 * @throws LatchkeyError `x509/algorithm-unsupported`
 */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!namesEqual(certificate.issuer, issuer.subject)) return false;
  try {
    return verifySignature(certificate, issuer.publicKey);
  } catch (error) {
    if (isLatchkeyError(error, 'x509/key-malformed')) return false;
    throw error;
  }
}

function readCertificate(der: Buffer): Certificate {
  const outer = new Cursor(readOnly(der, TAG.sequence));
  const tbs = outer.take(TAG.sequence);
  const algorithm = outer.take(TAG.sequence);
  const signature = readBitString(outer.take(TAG.bitString));
  outer.end();
  if (signature.unusedBits !== 0) throw malformed('certificate', 'its signature is not whole bytes');

  const fields = new Cursor(tbs);
  const versionField = fields.takeIf(contextTag(0));
  const version = versionField === undefined ? 0 : readVersion(versionField);
  const serial = fields.take(TAG.integer);
  if (serial.contents.length > MAX_SERIAL_BYTES)
    throw malformed('certificate', 'its serial number is too long');
  const innerAlgorithm = fields.take(TAG.sequence);
  if (!innerAlgorithm.der.equals(algorithm.der)) {
    throw malformed('certificate', 'it names two different signature algorithms');
  }
  const issuer = parseName(fields.take(TAG.sequence).der);
  const validity = new Cursor(fields.take(TAG.sequence));
  const notBefore = readTime(validity.take()).getTime();
  const notAfter = readTime(validity.take()).getTime();
  validity.end();
  const subject = parseName(fields.take(TAG.sequence).der);
  const spki = fields.take(TAG.sequence).der;
  for (const identifier of [1, 2]) {
    const uniqueId = fields.takeIf(implicitTag(identifier));
    if (uniqueId !== undefined && version === 0) throw malformed('certificate', 'a unique id in version 1');
  }
  const extensions = readExtensionsField(fields.takeIf(contextTag(3)), version);
  fields.end();

  let publicKey: KeyObject | undefined;
  let fingerprint: string | undefined;
  return Object.freeze({
    der,
    tbs: tbs.der,
    serialNumber: readInteger(serial),
    issuer,
    subject,
    get notBefore(): Date {
      return new Date(notBefore);
    },
    get notAfter(): Date {
      return new Date(notAfter);
    },
    spki,
    extensions,
    signatureAlgorithm: readOid(new Cursor(algorithm).take()),
    signatureAlgorithmDer: algorithm.der,
    signature: signature.bytes,
    get publicKey(): KeyObject {
      publicKey ??= readPublicKey(spki);
      return publicKey;
    },
    get fingerprint(): string {
      fingerprint ??= createHash('sha256').update(der).digest('hex');
      return fingerprint;
    },
  });
}

function readVersion(field: Element): number {
  const cursor = new Cursor(field);
  const version = readSmallInteger(cursor.take());
  cursor.end();
  if (version < 0 || version > 2) throw malformed('certificate', `version ${version + 1} does not exist`);
  return version;
}

function readExtensionsField(field: Element | undefined, version: number): readonly Extension[] {
  if (field === undefined) return [];
  if (version !== 2) throw malformed('certificate', `extensions in version ${version + 1}`);
  const cursor = new Cursor(field);
  const extensions = readExtensions(cursor.take(TAG.sequence));
  cursor.end();
  return extensions;
}
