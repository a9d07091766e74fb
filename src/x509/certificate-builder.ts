import {
  contextTag,
  encode,
  encodeBitString,
  encodeInteger,
  encodeSequence,
  encodeTime,
} from '../asn1/index.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { type Extension, encodeExtensions } from './extension.ts';
import type { Name } from './name.ts';
import { type Digest, signatureAlgorithmFor } from './signature-algorithm.ts';
import type { Signer } from './signer.ts';

/** What goes into a certificate that {@link buildCertificate} makes. */
export interface CertificateFields {
  readonly subject: Name;
  readonly issuer: Name;
  readonly serialNumber: bigint;
  /** Fractions of a second are cut off. */
  readonly notBefore: Date;
  /** Fractions of a second are cut off. */
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  /** In the order they shall have. */
  readonly extensions: readonly Extension[];
  /** The issuer's. */
  readonly signer: Signer;
  /** Default `sha256`. */
  readonly digest?: Digest;
}

/**
 * Makes and signs an X.509 v3 certificate (RFC 5280 §4.1). What the fields mean together is the caller's affair.
 *
 * @throws LatchkeyError `x509/algorithm-unsupported`, and whatever the signer throws
 */
export async function buildCertificate(fields: CertificateFields): Promise<Certificate> {
  const { signer, digest = 'sha256', extensions } = fields;
  const algorithm = signatureAlgorithmFor(signer.publicKey, digest);
  const tbs = encodeSequence(
    encode(contextTag(0), encodeInteger(2)),
    encodeInteger(fields.serialNumber),
    algorithm,
    fields.issuer.der,
    encodeSequence(encodeTime(fields.notBefore), encodeTime(fields.notAfter)),
    fields.subject.der,
    fields.spki,
    ...(extensions.length === 0 ? [] : [encode(contextTag(3), encodeExtensions(extensions))]),
  );
  const signature = await signer.sign(tbs, digest);
  return parseCertificate(encodeSequence(tbs, algorithm, encodeBitString(signature)));
}
