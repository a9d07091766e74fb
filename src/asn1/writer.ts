import { TAG } from './element.ts';

/** An element from its identifier octet and contents. */
export function encode(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of contents) length += part.length;
  return Buffer.concat([encodeHeader(tag, length), ...contents]);
}

export function encodeSequence(...elements: readonly Uint8Array[]): Buffer {
  return encode(TAG.sequence, ...elements);
}

/** SET OF: DER wants the elements in ascending order of their encodings (X.690 §11.6). */
export function encodeSet(...elements: readonly Uint8Array[]): Buffer {
  return encode(TAG.set, ...[...elements].sort(Buffer.compare));
}

export function encodeBoolean(value: boolean): Buffer {
  return Buffer.from([TAG.boolean, 1, value ? 0xff : 0]);
}

export function encodeInteger(value: bigint | number): Buffer {
  const integer = BigInt(value);
  let length = 1;
  while (BigInt.asIntN(8 * length, integer) !== integer) length += 1;
  const hex = BigInt.asUintN(8 * length, integer)
    .toString(16)
    .padStart(2 * length, '0');
  return encode(TAG.integer, Buffer.from(hex, 'hex'));
}

/** The same few dozen identifiers are written over and over. */
const knownOids = new Map<string, Buffer>();
const MAX_KNOWN_OIDS = 1000;

/**
 * @param oid dotted form
 * @returns bytes that may be shared and must not be written to
 */
export function encodeOid(oid: string): Buffer {
  const known = knownOids.get(oid);
  if (known !== undefined) return known;
  const encoded = encodeArcs(oid);
  if (knownOids.size < MAX_KNOWN_OIDS) knownOids.set(oid, encoded);
  return encoded;
}

function encodeArcs(oid: string): Buffer {
  const arcs = oid.split('.').map(BigInt);
  const [root, second] = arcs;
  if (root === undefined || second === undefined || root > 2n || (root < 2n && second > 39n)) {
    throw new TypeError(`not an object identifier: ${oid}`);
  }
  const bytes: number[] = [];
  for (let arc of [root * 40n + second, ...arcs.slice(2)]) {
    const groups = [Number(arc & 0x7fn)];
    for (arc >>= 7n; arc > 0n; arc >>= 7n) groups.unshift(Number(arc & 0x7fn) | 0x80);
    bytes.push(...groups);
  }
  return encode(TAG.oid, Buffer.from(bytes));
}

export function encodeBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return encode(TAG.bitString, Buffer.from([unusedBits]), bytes);
}

export function encodeOctetString(bytes: Uint8Array): Buffer {
  return encode(TAG.octetString, bytes);
}

export function encodeNull(): Buffer {
  return Buffer.from([TAG.null, 0]);
}

export function encodeUtf8String(text: string): Buffer {
  return encode(TAG.utf8String, Buffer.from(text, 'utf8'));
}

export function encodePrintableString(text: string): Buffer {
  return encode(TAG.printableString, Buffer.from(text, 'latin1'));
}

export function encodeIa5String(text: string): Buffer {
  return encode(TAG.ia5String, Buffer.from(text, 'latin1'));
}

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). Fractions of a second are cut off. */
export function encodeTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  const utc = date.getUTCFullYear() >= 1950 && date.getUTCFullYear() < 2050;
  return encode(
    utc ? TAG.utcTime : TAG.generalizedTime,
    Buffer.from(utc ? digits.slice(2) : digits, 'latin1'),
  );
}

function encodeHeader(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([tag, length]);
  const count = Math.ceil((32 - Math.clz32(length)) / 8);
  const header = Buffer.alloc(2 + count);
  header[0] = tag;
  header[1] = 0x80 | count;
  header.writeUIntBE(length, 2, count);
  return header;
}
