import type { KeyObject } from 'node:crypto';
import {
  Cursor,
  children,
  contextTag,
  type Element,
  encode,
  encodeBitString,
  encodeInteger,
  encodeOid,
  encodeSequence,
  encodeSet,
  readBitString,
  readOid,
  readOnly,
  readSmallInteger,
  TAG,
} from '../asn1/index.ts';
import { type Extension, encodeExtensions, readExtensions } from './extension.ts';
import { encodeName, type Name, parseName } from './name.ts';
import { encodePublicKey, readPublicKey } from './public-key.ts';
import { malformed, reading } from './reading.ts';
import { type Digest, type Signed, signatureAlgorithmFor, verifySignature } from './signature-algorithm.ts';
import type { Signer } from './signer.ts';

/** A certification request (PKCS #10, RFC 2986), immutable. */
export interface CertificateRequest extends Signed {
  readonly der: Buffer;
  readonly subject: Name;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  /** Read on first use. @throws LatchkeyError `x509/key-malformed` */
  readonly publicKey: KeyObject;
  /** The extensions that were asked for (attribute extensionRequest, RFC 2985 §5.4.2). */
  readonly extensions: readonly Extension[];
  /**
   * True when the request is signed with the key it is for.
   *
   * @throws LatchkeyError `x509/algorithm-unsupported`, `x509/key-malformed`
   */
  verify(): boolean;
}

/** What {@link createCertificateRequest} makes a request from. */
export interface CertificateRequestFields {
  /** Default: the empty name. MyProxy servers do not look at it. */
  readonly subject?: Name;
  /** Of the key that the request is for. */
  readonly signer: Signer;
  readonly extensions?: readonly Extension[];
  /** Default `sha256`. */
  readonly digest?: Digest;
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const MAX_REQUEST_BYTES = 65_536;

/**
 * Reads a DER request; the bytes are copied once. Attributes other than extensionRequest are passed over, and may be missing
 * altogether as some clients leave them out.
 *
 * @throws LatchkeyError `x509/malformed`, `x509/name-malformed`; also when it is longer than 64 KiB
 */
export function parseCertificateRequest(der: Buffer): CertificateRequest {
  if (der.length > MAX_REQUEST_BYTES) throw malformed('certificate request', 'it is longer than 64 KiB');
  return reading('certificate request', () => readRequest(Buffer.from(der)));
}

/**
 * Makes and signs a request, DER.
 *
 * @throws LatchkeyError `x509/algorithm-unsupported`, and whatever the signer throws
 */
export async function createCertificateRequest(fields: CertificateRequestFields): Promise<Buffer> {
  const { signer, extensions = [], digest = 'sha256' } = fields;
  const attributes =
    extensions.length === 0
      ? []
      : [encodeSequence(encodeOid(EXTENSION_REQUEST), encodeSet(encodeExtensions(extensions)))];
  const info = encodeSequence(
    encodeInteger(0),
    (fields.subject ?? encodeName([])).der,
    encodePublicKey(signer.publicKey),
    encode(contextTag(0), ...attributes),
  );
  const signature = await signer.sign(info, digest);
  return encodeSequence(info, signatureAlgorithmFor(signer.publicKey, digest), encodeBitString(signature));
}

function readRequest(der: Buffer): CertificateRequest {
  const outer = new Cursor(readOnly(der, TAG.sequence));
  const info = outer.take(TAG.sequence);
  const algorithm = outer.take(TAG.sequence);
  const signature = readBitString(outer.take(TAG.bitString));
  outer.end();
  if (signature.unusedBits !== 0) throw malformed('certificate request', 'its signature is not whole bytes');

  const fields = new Cursor(info);
  // RFC 2986 knows version 0 only; arcproxy writes 2. It says nothing about the layout, so any number will do.
  readSmallInteger(fields.take());
  const subject = parseName(fields.take(TAG.sequence).der);
  const spki = fields.take(TAG.sequence).der;
  const attributes = fields.takeIf(contextTag(0));
  fields.end();
  const extensions = attributes === undefined ? [] : requestedExtensions(attributes);

  let publicKey: KeyObject | undefined;
  const request: CertificateRequest = {
    der,
    tbs: info.der,
    subject,
    spki,
    get publicKey(): KeyObject {
      publicKey ??= readPublicKey(spki);
      return publicKey;
    },
    extensions,
    signatureAlgorithmDer: algorithm.der,
    signature: signature.bytes,
    verify: () => verifySignature(request, request.publicKey),
  };
  return Object.freeze(request);
}

function requestedExtensions(attributes: Element): readonly Extension[] {
  let found: readonly Extension[] | undefined;
  for (const attribute of children(attributes)) {
    const cursor = new Cursor(attribute);
    const oid = readOid(cursor.take());
    const values = children(cursor.take(TAG.set));
    cursor.end();
    if (oid !== EXTENSION_REQUEST) continue;
    const [value] = values;
    if (found !== undefined || value === undefined || values.length > 1 || value.tag !== TAG.sequence) {
      throw malformed('certificate request', 'it does not ask for exactly one list of extensions');
    }
    found = readExtensions(value);
  }
  return found ?? [];
}
