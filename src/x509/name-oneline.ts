import { TAG } from '../asn1/index.ts';
import { LatchkeyError, quote } from '../kit/index.ts';
import { type AttributeDer, encodeAttributeValue, encodeName, type Name } from './name.ts';
import { attributeShortName, attributeType } from './name-attributes.ts';

const GENERAL_STRING = 0x1b;
const MAX_TEXT = 65_536;

/**
 * The one-line form of a name, `/O=Grid/CN=Jane`, byte for byte as `X509_NAME_oneline` of OpenSSL 3 writes it: the value's raw
 * bytes, those outside printable ASCII as `\xE9`, `/` and `+` inside a value as `\/` and `\+`, `+` between the attributes of
 * one RDN, unknown types in dotted form. Grid policies, stored owners and map files are written in it.
 */
export function formatOneline(name: Name): string {
  let line = '';
  for (const rdn of name.rdns) {
    rdn.forEach(({ type, value }, index) => {
      const bytes = value.tag === GENERAL_STRING ? narrow(value.contents) : value.contents;
      line += `${index === 0 ? '/' : '+'}${attributeShortName(type)}=${escapeBytes(bytes)}`;
    });
  }
  return line;
}

/**
 * True when no other name has the same one-line form, but for the string types of equal bytes. OpenSSL escapes without
 * escaping the backslash: a value that ends in one, or has a literal `\xE9`, reads as another name's; so does one
 * with zero bytes in a string of single bytes.
 */
export function hasUniqueOneline(name: Name): boolean {
  return name.rdns.flat().every(({ value }) => {
    if (value.tag === GENERAL_STRING) return false;
    const isWide = value.tag === TAG.bmpString || value.tag === TAG.universalString;
    const text = value.contents.toString('latin1');
    return !/\\(?:x[0-9A-F]{2}|$)/.test(text) && (isWide || !text.includes('\0'));
  });
}

/**
 * Reads a one-line name. A `/` or `+` that is not followed by a known attribute type and `=` belongs to the value, so names
 * written before OpenSSL 3 (`/CN=host/node.example.org`) read as they were meant. The empty text is the empty name.
 * String types are chosen as RFC 5280 asks; the exact bytes of some other certificate's name are not recoverable from text.
 *
 * @throws LatchkeyError `x509/name-malformed` when it does not start with `/TYPE=`, or is longer than 64 Ki characters
 */
export function parseOneline(text: string): Name {
  if (text.length > MAX_TEXT) throw malformedLine(text, `is longer than ${MAX_TEXT} characters`);
  if (text === '') return encodeName([]);
  const rdns: AttributeDer[][] = [];
  for (let start = 0; start < text.length; ) {
    const head = attributeAt(text, start);
    if (head === undefined)
      throw malformedLine(text, 'does not start with "/TYPE=", TYPE being a known attribute');
    const end = endOfValue(text, head.valueStart);
    const attribute = {
      type: head.type,
      der: encodeAttributeValue(head.type, unescapeText(text.slice(head.valueStart, end))),
    };
    if (text[start] === '+') rdns.at(-1)?.push(attribute);
    else rdns.push([attribute]);
    start = end;
  }
  return encodeName(rdns);
}

/** The attribute type whose `/TYPE=` (or, after the first one, `+TYPE=`) starts at `index`. */
function attributeAt(text: string, index: number): { type: string; valueStart: number } | undefined {
  const separator = text[index];
  if (separator !== '/' && !(separator === '+' && index > 0)) return undefined;
  const equals = text.indexOf('=', index);
  if (equals < 0 || equals - index > 260) return undefined;
  const type = attributeType(text.slice(index + 1, equals));
  return type === undefined ? undefined : { type, valueStart: equals + 1 };
}

function endOfValue(text: string, start: number): number {
  for (let i = start; i < text.length; i += 1) {
    if (text[i] === '\\' && (text[i + 1] === '/' || text[i + 1] === '+')) i += 1;
    else if ((text[i] === '/' || text[i] === '+') && attributeAt(text, i) !== undefined) return i;
  }
  return text.length;
}

function escapeBytes(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x2f || byte === 0x2b) text += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte <= 0x7e) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

function unescapeText(text: string): Buffer {
  const parts: Buffer[] = [];
  let last = 0;
  for (const match of text.matchAll(/\\(?:x([0-9A-Fa-f]{2})|([/+]))/g)) {
    parts.push(Buffer.from(text.slice(last, match.index), 'utf8'));
    parts.push(match[1] === undefined ? Buffer.from(match[2] ?? '') : Buffer.from(match[1], 'hex'));
    last = match.index + match[0].length;
  }
  parts.push(Buffer.from(text.slice(last), 'utf8'));
  return Buffer.concat(parts);
}

/** OpenSSL shows only the last byte of each four of a GeneralString that could be 32-bit characters. */
function narrow(bytes: Buffer): Buffer {
  if (bytes.length % 4 !== 0) return bytes;
  const isWide = bytes.every((byte, index) => index % 4 === 3 || byte === 0);
  return isWide ? Buffer.from(bytes.filter((_, index) => index % 4 === 3)) : bytes;
}

function malformedLine(text: string, problem: string): LatchkeyError {
  return new LatchkeyError('x509/name-malformed', `the name ${quote(text)} ${problem}`, {
    hint: 'a one-line name looks like /O=Grid/OU=Example/CN=Jane',
  });
}
