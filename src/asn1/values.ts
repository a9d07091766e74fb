import { type Element, expectTag, malformed, TAG } from './element.ts';

/** BOOLEAN; DER allows 00 and FF only, but FF is not checked because real certificates carry 01. */
export function readBoolean(element: Element): boolean {
  expectTag(element, TAG.boolean);
  if (element.contents.length !== 1) throw malformed('a BOOLEAN that is not one byte long', 0);
  return element.contents[0] !== 0;
}

/** INTEGER of any size. */
export function readInteger(element: Element, tag: number = TAG.integer): bigint {
  const bytes = readIntegerBytes(element, tag);
  const magnitude = BigInt(`0x${bytes.toString('hex')}`);
  return (bytes[0] ?? 0) >= 0x80 ? magnitude - (1n << BigInt(8 * bytes.length)) : magnitude;
}

/** The contents of an INTEGER, two's complement, which must be minimal (X.690 §8.3.2) and so compare as the numbers do. */
export function readIntegerBytes(element: Element, tag: number = TAG.integer): Buffer {
  expectTag(element, tag);
  const bytes = element.contents;
  const [first, second = 0] = bytes;
  if (first === undefined) throw malformed('an empty INTEGER', 0);
  const isPadded = bytes.length > 1 && (second < 0x80 ? first === 0 : first === 0xff);
  if (isPadded) throw malformed('an INTEGER that is not minimal', 0);
  return bytes;
}

/** INTEGER that must fit a safe JavaScript number. */
export function readSmallInteger(element: Element, tag: number = TAG.integer): number {
  const value = readInteger(element, tag);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw malformed('an INTEGER that is too large here', 0);
  }
  return Number(value);
}

/** Certificates repeat a few dozen identifiers: remembering them saves most of the time that reading one takes. */
const knownOids = new Map<string, string>();
const MAX_KNOWN_OIDS = 1000;

/** OBJECT IDENTIFIER in dotted form. */
export function readOid(element: Element, tag: number = TAG.oid): string {
  expectTag(element, tag);
  const bytes = element.contents;
  if (bytes.length > 64) throw malformed('an OBJECT IDENTIFIER of more than 64 bytes', 0);
  const key = bytes.toString('latin1');
  const known = knownOids.get(key);
  if (known !== undefined) return known;
  const oid = parseOid(bytes);
  if (knownOids.size < MAX_KNOWN_OIDS) knownOids.set(key, oid);
  return oid;
}

function parseOid(bytes: Buffer): string {
  const last = bytes[bytes.length - 1];
  if (last === undefined || last >= 0x80) throw malformed('an OBJECT IDENTIFIER that ends inside an arc', 0);
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of bytes) {
    if (arc === 0n && byte === 0x80) throw malformed('an OBJECT IDENTIFIER with a padded arc', 0);
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const first = arcs[0] ?? 0n;
  const root = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [root, first - root * 40n, ...arcs.slice(1)].join('.');
}

/** BIT STRING as bytes plus the number of unused bits at the end. */
export function readBitString(element: Element): { bytes: Buffer; unusedBits: number } {
  expectTag(element, TAG.bitString);
  const unusedBits = element.contents[0];
  if (unusedBits === undefined || unusedBits > 7 || (unusedBits > 0 && element.contents.length === 1)) {
    throw malformed('a BIT STRING without a valid count of unused bits', 0);
  }
  return { bytes: element.contents.subarray(1), unusedBits };
}

export function readOctetString(element: Element): Buffer {
  return expectTag(element, TAG.octetString).contents;
}

/** Any of the character string types, as text; undefined for another type. BMP and Universal strings are big-endian. */
export function readText(element: Element): string | undefined {
  switch (element.tag) {
    case TAG.utf8String:
      return element.contents.toString('utf8');
    case TAG.printableString:
    case TAG.numericString:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.teletexString:
      return element.contents.toString('latin1');
    case TAG.bmpString: {
      if (element.contents.length % 2 !== 0) throw malformed('a BMPString of odd length', 0);
      return Buffer.from(element.contents).swap16().toString('utf16le');
    }
    case TAG.universalString: {
      if (element.contents.length % 4 !== 0)
        throw malformed('a UniversalString whose length is not a multiple of 4', 0);
      let text = '';
      for (let i = 0; i < element.contents.length; i += 4) {
        const point = element.contents.readUInt32BE(i);
        if (point > 0x10ffff) throw malformed('a UniversalString with an impossible character', 0);
        text += String.fromCodePoint(point);
      }
      return text;
    }
    default:
      return undefined;
  }
}

/** UTCTime or GeneralizedTime of RFC 5280 §4.1.2.5: seconds present, `Z`, no fractions. */
export function readTime(element: Element): Date {
  const text = element.contents.toString('latin1');
  const utc = element.tag === TAG.utcTime;
  if (!utc && element.tag !== TAG.generalizedTime) throw malformed('a time of another type', 0);
  const match = (
    utc ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/ : /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/
  ).exec(text);
  if (match === null) throw malformed('a time that is not YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ', 0);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const fullYear = utc ? (year < 50 ? 2000 + year : 1900 + year) : year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second);
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  ) {
    throw malformed('a time that does not exist', 0);
  }
  return date;
}
