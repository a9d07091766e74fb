import { createHash } from 'node:crypto';
import {
  Cursor,
  encode,
  encodeOctetString,
  encodeSequence,
  implicitTag,
  readBitString,
  readOctetString,
  readOnly,
  TAG,
} from '../asn1/index.ts';
import { type Extended, type Extension, findExtension } from './extension.ts';
import { reading } from './reading.ts';

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';
const KEY_IDENTIFIER_TAG = implicitTag(0);

/** The subjectKeyIdentifier (RFC 5280 §4.2.1.2), if there is one. @throws LatchkeyError `x509/malformed` */
export function subjectKeyIdentifier(x: Extended): Buffer | undefined {
  const extension = findExtension(x, SUBJECT_KEY_IDENTIFIER);
  if (extension === undefined) return undefined;
  return reading('subjectKeyIdentifier', () => readOctetString(readOnly(extension.value)));
}

/** The keyIdentifier of the authorityKeyIdentifier (RFC 5280 §4.2.1.1), if there is one. @throws LatchkeyError `x509/malformed` */
export function authorityKeyIdentifier(x: Extended): Buffer | undefined {
  const extension = findExtension(x, AUTHORITY_KEY_IDENTIFIER);
  if (extension === undefined) return undefined;
  return reading('authorityKeyIdentifier', () => {
    return new Cursor(readOnly(extension.value, TAG.sequence)).takeIf(KEY_IDENTIFIER_TAG)?.contents;
  });
}

/** The extension for a SubjectPublicKeyInfo: SHA-1 of the key's bits (RFC 5280 §4.2.1.2, method 1), as OpenSSL makes it. */
export function subjectKeyIdentifierExtension(spki: Buffer): Extension {
  const fields = new Cursor(readOnly(spki, TAG.sequence));
  fields.take(TAG.sequence);
  const { bytes } = readBitString(fields.take(TAG.bitString));
  const identifier = createHash('sha1').update(bytes).digest();
  return { oid: SUBJECT_KEY_IDENTIFIER, critical: false, value: encodeOctetString(identifier) };
}

/** The extension that points at the issuer's {@link subjectKeyIdentifier}. */
export function authorityKeyIdentifierExtension(keyIdentifier: Buffer): Extension {
  const value = encodeSequence(encode(KEY_IDENTIFIER_TAG, keyIdentifier));
  return { oid: AUTHORITY_KEY_IDENTIFIER, critical: false, value };
}
