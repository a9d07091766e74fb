import { LatchkeyError } from '../kit/index.ts';

/** One DER element: its tag byte(s), where its contents lie, and its exact bytes. Slices share memory with the input. */
export interface Element {
  /** Identifier octet (class, constructed bit, number 0–30). */
  readonly tag: number;
  /** The contents octets. */
  readonly contents: Buffer;
  /** The whole element: identifier, length and contents, exactly as they came. */
  readonly der: Buffer;
}

/** Identifier octets of the universal types in use here. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Identifier octet of a constructed context-specific element, `[number]`. */
export function contextTag(number: number): number {
  return 0xa0 | number;
}

/** Identifier octet of a primitive (IMPLICIT string-like) context-specific element. */
export function implicitTag(number: number): number {
  return 0x80 | number;
}

/**
 * Reads the element that starts at `offset`. Lengths are strict DER (X.690 §10.1): definite and minimal.
 * High tag numbers (31 and more) do not occur in X.509 and are refused.
 *
 * @throws LatchkeyError `asn1/malformed`
 */
export function readElement(bytes: Buffer, offset = 0): Element {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined)
    throw malformed('the data ends inside an element header', offset);
  if ((tag & 0x1f) === 0x1f) throw malformed(`tag 0x${tag.toString(16)} has a multi-byte number`, offset);
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw malformed('indefinite length', offset);
    if (count > 4) throw malformed(`a length of ${count} bytes`, offset);
    if (start + count > bytes.length) throw malformed('the data ends inside a length', offset);
    length = bytes.readUIntBE(start, count);
    start += count;
    if (length < 0x80 || (count > 1 && length < 2 ** (8 * (count - 1))))
      throw malformed('a length that is not minimal', offset);
  }
  const end = start + length;
  if (end > bytes.length) {
    throw malformed(`an element of ${length} bytes where ${bytes.length - start} are left`, offset);
  }
  return { tag, contents: bytes.subarray(start, end), der: bytes.subarray(offset, end) };
}

/** Reads `bytes` as exactly one element, of the given tag if one is given. */
export function readOnly(bytes: Buffer, tag?: number): Element {
  const element = readElement(bytes);
  if (element.der.length !== bytes.length) {
    throw malformed(`${bytes.length - element.der.length} bytes after the element`, element.der.length);
  }
  if (tag !== undefined) expectTag(element, tag);
  return element;
}

/** Most children that one constructed element may have; real certificates have dozens. */
const MAX_CHILDREN = 10_000;

/** The elements inside a constructed element. */
export function children(element: Element): Element[] {
  if ((element.tag & 0x20) === 0) throw malformed(`tag 0x${element.tag.toString(16)} is primitive`, 0);
  const found: Element[] = [];
  for (let offset = 0; offset < element.contents.length; ) {
    const child = readElement(element.contents, offset);
    found.push(child);
    if (found.length > MAX_CHILDREN) {
      throw new LatchkeyError('asn1/limit', `more than ${MAX_CHILDREN} elements in one`);
    }
    offset += child.der.length;
  }
  return found;
}

/** @throws LatchkeyError `asn1/malformed` unless the element is there and has the tag */
export function expectTag(element: Element | undefined, tag: number): Element {
  if (element === undefined) throw malformed(`tag 0x${tag.toString(16)} is missing`, 0);
  if (element.tag !== tag) {
    throw malformed(`tag 0x${element.tag.toString(16)} where 0x${tag.toString(16)} belongs`, 0);
  }
  return element;
}

export function malformed(what: string, offset: number): LatchkeyError {
  return new LatchkeyError('asn1/malformed', `malformed DER: ${what} (at byte ${offset})`, {
    details: { offset },
  });
}
