import {
  Cursor,
  children,
  type Element,
  encodeBoolean,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  readBoolean,
  readOctetString,
  readOid,
  TAG,
} from '../asn1/index.ts';
import { malformed } from './reading.ts';

/** An X.509 v3 extension (RFC 5280 §4.1). */
export interface Extension {
  /** Dotted object identifier. */
  readonly oid: string;
  readonly critical: boolean;
  /** What is inside the OCTET STRING. */
  readonly value: Buffer;
}

/** Anything that carries extensions: a certificate, a request, a CRL. */
export interface Extended {
  readonly extensions: readonly Extension[];
}

/** The extension with this object identifier, if there is one; parsers let none in twice. */
export function findExtension(x: Extended, oid: string): Extension | undefined {
  return x.extensions.find((extension) => extension.oid === oid);
}

/** Reads `Extensions`, the SEQUENCE; the same extension twice is refused (RFC 5280 §4.2). */
export function readExtensions(element: Element): readonly Extension[] {
  const seen = new Set<string>();
  const extensions = children(element).map((child) => {
    const cursor = new Cursor(child);
    const oid = readOid(cursor.take());
    const critical = cursor.takeIf(TAG.boolean);
    const value = readOctetString(cursor.take());
    cursor.end();
    if (seen.has(oid)) throw malformed('list of extensions', `${oid} is there twice`);
    seen.add(oid);
    return Object.freeze({ oid, critical: critical !== undefined && readBoolean(critical), value });
  });
  return Object.freeze(extensions);
}

/** Encodes `Extensions`. */
export function encodeExtensions(extensions: readonly Extension[]): Buffer {
  return encodeSequence(
    ...extensions.map(({ oid, critical, value }) =>
      encodeSequence(encodeOid(oid), ...(critical ? [encodeBoolean(true)] : []), encodeOctetString(value)),
    ),
  );
}
