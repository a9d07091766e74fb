import { readOnly, readText } from '../asn1/index.ts';
import { isLatchkeyError, LatchkeyError, quote } from '../kit/index.ts';
import {
  type AttributeDer,
  encodeAttributeValue,
  encodeName,
  type Name,
  type NameAttribute,
} from './name.ts';
import { attributeShortName, attributeType } from './name-attributes.ts';

const MAX_TEXT = 65_536;

/** Keywords that RFC 4514 §3 spells differently from OpenSSL, or that mean another type there. */
const KEYWORDS: Readonly<Record<string, string>> = {
  '2.5.4.9': 'STREET',
  '0.9.2342.19200300.100.1.44': '0.9.2342.19200300.100.1.44',
};

/**
 * The name as LDAP (RFC 4514 §2) and OpenSSL write it, in the reverse of its order: `CN=Jane,OU=Example,O=Grid`, the attributes
 * of one RDN joined with `+`. A value that is no text, or whose type has no keyword, is given as `#` and its DER in hexadecimal.
 */
export function formatRfc4514(name: Name): string {
  return [...name.rdns]
    .reverse()
    .map((rdn) => [...rdn].reverse().map(formatAttribute).join('+'))
    .join(',');
}

/**
 * Reads a name as RFC 4514 §3 writes it. Blanks around separators, `;` for `,` and quoted values (RFC 2253 §4) are accepted.
 *
 * @throws LatchkeyError `x509/name-malformed`
 */
export function parseRfc4514(text: string): Name {
  if (text.length > MAX_TEXT) throw malformedText(text, `is longer than ${MAX_TEXT} characters`);
  if (text.trim() === '') return encodeName([]);
  const rdns: AttributeDer[][] = [[]];
  for (let position = 0; ; ) {
    const { attribute, end } = readAttribute(text, position);
    rdns.at(-1)?.push(attribute);
    if (end >= text.length) break;
    if (text[end] !== '+') rdns.push([]);
    position = end + 1;
  }
  return encodeName(rdns.reverse());
}

function formatAttribute({ type, value }: NameAttribute): string {
  const keyword = KEYWORDS[type] ?? attributeShortName(type);
  const text = /^\d/.test(keyword) ? undefined : readText(value);
  if (text === undefined || Buffer.from(text, 'utf8').includes('\ufffd')) {
    return `${keyword}=#${value.der.toString('hex')}`;
  }
  return `${keyword}=${escapeText(text)}`;
}

function escapeText(text: string): string {
  const last = text.length - 1;
  let escaped = '';
  for (let i = 0; i <= last; i += 1) {
    const c = text.charAt(i);
    if (c < ' ' || c === '\x7f') escaped += `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
    else if (',+"\\<>;'.includes(c) || (i === 0 && c === '#') || (c === ' ' && (i === 0 || i === last))) {
      escaped += `\\${c}`;
    } else escaped += c;
  }
  return escaped;
}

function readAttribute(text: string, start: number): { attribute: AttributeDer; end: number } {
  const equals = text.indexOf('=', start);
  const keyword = equals < 0 || equals - start > 260 ? '' : text.slice(start, equals).trim();
  const type = attributeType(keyword);
  if (type === undefined) throw malformedText(text, `has no known attribute type at character ${start + 1}`);
  const first = skipBlanks(text, equals + 1);
  if (text[first] === '#') {
    const end = skipBlanks(text, first + 1 + (/^[0-9A-Fa-f]*/.exec(text.slice(first + 1))?.[0].length ?? 0));
    return {
      attribute: { type, der: hexDer(text, text.slice(first + 1, end).trim()) },
      end: separator(text, end),
    };
  }
  const { value, end } = text[first] === '"' ? readQuoted(text, first + 1) : readPlain(text, first);
  return { attribute: { type, der: encodeAttributeValue(type, value) }, end: separator(text, end) };
}

function hexDer(text: string, hex: string): Buffer {
  if (hex.length === 0 || hex.length % 2 !== 0)
    throw malformedText(text, 'has a "#" value of an odd number of digits');
  try {
    return readOnly(Buffer.from(hex, 'hex')).der;
  } catch (cause) {
    if (isLatchkeyError(cause))
      throw malformedText(text, `has a "#" value that is not DER (${cause.message})`);
    throw cause;
  }
}

/** A value in double quotes (RFC 2253 §4); `start` is behind the opening one. */
function readQuoted(text: string, start: number): { value: Buffer; end: number } {
  const parts: Buffer[] = [];
  for (let i = start; i < text.length; ) {
    if (text[i] === '"') return { value: Buffer.concat(parts), end: skipBlanks(text, i + 1) };
    const { bytes, next } = readCharacter(text, i);
    parts.push(bytes);
    i = next;
  }
  throw malformedText(text, 'has a quoted value that does not end');
}

function readPlain(text: string, start: number): { value: Buffer; end: number } {
  const parts: Buffer[] = [];
  let kept = 0;
  let i = start;
  while (i < text.length && !',;+'.includes(text.charAt(i))) {
    if ('"<>'.includes(text.charAt(i))) throw malformedText(text, `has an unescaped ${text[i]}`);
    const { bytes, next } = readCharacter(text, i);
    parts.push(bytes);
    if (text[i] !== ' ') kept = parts.length;
    i = next;
  }
  return { value: Buffer.concat(parts.slice(0, kept)), end: i };
}

/** One character, `\` and a special character, or `\` and the two digits of a byte (RFC 4514 §3 `pair`). */
function readCharacter(text: string, index: number): { bytes: Buffer; next: number } {
  if (text[index] !== '\\') {
    const character = String.fromCodePoint(text.codePointAt(index) ?? 0);
    return { bytes: Buffer.from(character, 'utf8'), next: index + character.length };
  }
  const pair = text.slice(index + 1, index + 3);
  if (/^[0-9A-Fa-f]{2}$/.test(pair)) return { bytes: Buffer.from(pair, 'hex'), next: index + 3 };
  if (!/^[ "#+,;<=>\\]/.test(pair)) throw malformedText(text, 'has a backslash before an ordinary character');
  return { bytes: Buffer.from(pair.charAt(0)), next: index + 2 };
}

function separator(text: string, index: number): number {
  if (index < text.length && !',;+'.includes(text.charAt(index))) {
    throw malformedText(text, `has something after the value that ends at character ${index}`);
  }
  return index;
}

function skipBlanks(text: string, index: number): number {
  let i = index;
  while (text[i] === ' ') i += 1;
  return i;
}

function malformedText(text: string, problem: string): LatchkeyError {
  return new LatchkeyError('x509/name-malformed', `the name ${quote(text)} ${problem}`, {
    hint: 'an RFC 4514 name looks like CN=Jane,OU=Example,O=Grid',
  });
}
