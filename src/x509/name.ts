import {
  Cursor,
  children,
  type Element,
  encode,
  encodeIa5String,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSet,
  encodeUtf8String,
  readOid,
  readOnly,
  readText,
  TAG,
} from '../asn1/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import { reading } from './reading.ts';

/** One attribute of a name, e.g. `CN=Jane`. */
export interface NameAttribute {
  /** Dotted object identifier, `2.5.4.3` for commonName. */
  readonly type: string;
  /** The value element exactly as it came. */
  readonly value: Element;
  /** The value as text; `#` and the hexadecimal DER when it is not one of the string types. */
  readonly text: string;
}

/** An X.501 name (RFC 5280 §4.1.2.4): its exact bytes, and what they say. Names are compared as bytes, never as text. */
export interface Name {
  readonly der: Buffer;
  /** Relative distinguished names in the order of the encoding (country first); a multi-valued one has several attributes. */
  readonly rdns: readonly (readonly NameAttribute[])[];
}

/** Object identifier of commonName. */
const COMMON_NAME = '2.5.4.3';

const MAX_NAME_BYTES = 65_536;
const MAX_ATTRIBUTES = 1000;

/**
 * Reads a DER name. Slices share memory with the input.
 *
 * @throws LatchkeyError `x509/name-malformed` also when it is longer than 64 KiB or has more than 1000 attributes
 */
export function parseName(der: Buffer): Name {
  return reading('name', () => readName(der), 'x509/name-malformed');
}

/** True when both names are the same bytes. */
export function namesEqual(a: Name, b: Name): boolean {
  return a.der.equals(b.der);
}

/**
 * The name with one more RDN `CN=commonName` at its end: how every proxy is named after its issuer (RFC 3820 §3.4).
 * The value is a PrintableString where that is possible, as the C tools make it, else a UTF8String.
 */
export function appendCommonName(name: Name, commonName: string): Name {
  const value = isPrintable(commonName) ? encodePrintableString(commonName) : encodeUtf8String(commonName);
  const rdn = encodeSet(encodeSequence(encodeOid(COMMON_NAME), value));
  return parseName(encodeSequence(contentsOf(name), rdn));
}

/**
 * The text of the common name that `name` has more than `parent`; undefined unless the rest of both is the same bytes and that
 * last RDN is a single CN.
 */
export function appendedCommonName(name: Name, parent: Name): string | undefined {
  const prefix = contentsOf(parent);
  const last = name.rdns.at(-1);
  const [attribute] = last ?? [];
  if (name.rdns.length !== parent.rdns.length + 1 || last?.length !== 1 || attribute?.type !== COMMON_NAME) {
    return undefined;
  }
  return contentsOf(name).subarray(0, prefix.length).equals(prefix) ? attribute.text : undefined;
}

function contentsOf(name: Name): Buffer {
  return readOnly(name.der).contents;
}

/** An attribute to be encoded: its type and the DER of its value. */
export interface AttributeDer {
  readonly type: string;
  readonly der: Buffer;
}

/**
 * Encodes a name from its RDNs, first one first; the attributes of a multi-valued RDN are put in DER order.
 *
 * @throws LatchkeyError `x509/name-malformed` when it is too large or an RDN is empty
 */
export function encodeName(rdns: readonly (readonly AttributeDer[])[]): Name {
  return parseName(
    encodeSequence(
      ...rdns.map((rdn) =>
        encodeSet(...rdn.map((attribute) => encodeSequence(encodeOid(attribute.type), attribute.der))),
      ),
    ),
  );
}

const PRINTABLE_TYPES = new Set(['2.5.4.6', '2.5.4.5', '2.5.4.46']);
const IA5_TYPES = new Set(['0.9.2342.19200300.100.1.25', '1.2.840.113549.1.9.1']);

/**
 * Encodes the value of an attribute in the string type its definition asks for (RFC 5280 appendix A): country, serialNumber
 * and dnQualifier PrintableString, domainComponent and emailAddress IA5String, all others UTF8String.
 * Bytes that are not UTF-8 become a TeletexString, as OpenSSL reads them.
 */
export function encodeAttributeValue(type: string, bytes: Buffer): Buffer {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return encode(TAG.teletexString, bytes);
  if (PRINTABLE_TYPES.has(type) && isPrintable(text)) return encodePrintableString(text);
  if (IA5_TYPES.has(type) && bytes.every((byte) => byte < 0x80)) return encodeIa5String(text);
  return encodeUtf8String(text);
}

function isPrintable(text: string): boolean {
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text);
}

function readName(der: Buffer): Name {
  if (der.length > MAX_NAME_BYTES) {
    throw new LatchkeyError(
      'x509/name-malformed',
      `a name of ${der.length} bytes where ${MAX_NAME_BYTES} are allowed`,
    );
  }
  let attributes = 0;
  const rdns = children(readOnly(der, TAG.sequence)).map((set) => {
    const rdn = new Cursor(set).rest().map(readAttribute);
    attributes += rdn.length;
    if (set.tag !== TAG.set || rdn.length === 0 || attributes > MAX_ATTRIBUTES) {
      throw new LatchkeyError(
        'x509/name-malformed',
        'a name with an RDN that is no SET, is empty or too large',
      );
    }
    return Object.freeze(rdn);
  });
  return Object.freeze({ der, rdns: Object.freeze(rdns) });
}

function readAttribute(element: Element): NameAttribute {
  const cursor = new Cursor(element);
  const type = readOid(cursor.take());
  const value = cursor.take();
  cursor.end();
  if (element.tag !== TAG.sequence) {
    throw new LatchkeyError('x509/name-malformed', 'a name with an attribute that is no SEQUENCE');
  }
  return Object.freeze({ type, value, text: readText(value) ?? `#${value.der.toString('hex')}` });
}
