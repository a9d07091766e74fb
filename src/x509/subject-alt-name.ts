import { isIPv4, isIPv6 } from 'node:net';
import {
  Cursor,
  children,
  contextTag,
  type Element,
  encode,
  encodeSequence,
  implicitTag,
  readOnly,
  TAG,
} from '../asn1/index.ts';
import { type Extended, type Extension, findExtension } from './extension.ts';
import { type Name, parseName } from './name.ts';
import { malformed, reading } from './reading.ts';

/** One subject alternative name (RFC 5280 §4.2.1.6); `other` carries the whole DER of a form that is not read here. */
export type GeneralName =
  | { readonly type: 'dns' | 'email' | 'uri' | 'ip'; readonly value: string }
  | { readonly type: 'directory'; readonly value: Name }
  | { readonly type: 'other'; readonly value: Buffer };

const SUBJECT_ALT_NAME = '2.5.29.17';
const TEXT_TAGS = { email: implicitTag(1), dns: implicitTag(2), uri: implicitTag(6) } as const;
const DIRECTORY_TAG = contextTag(4);
const IP_TAG = implicitTag(7);

/**
 * The subject alternative names, in order; empty when there are none. Text is Latin-1, so that a stray byte stays visible and
 * never equals a host name; IP addresses are in their shortest form (`::1`).
 *
 * @throws LatchkeyError `x509/malformed`
 */
export function subjectAltNames(x: Extended): readonly GeneralName[] {
  const extension = findExtension(x, SUBJECT_ALT_NAME);
  if (extension === undefined) return [];
  return reading('subjectAltName', () =>
    children(readOnly(extension.value, TAG.sequence)).map(readGeneralName),
  );
}

/**
 * The extension, not critical.
 *
 * @throws TypeError for an `ip` that is none, or text that is not ASCII
 */
export function subjectAltNameExtension(names: readonly GeneralName[]): Extension {
  return { oid: SUBJECT_ALT_NAME, critical: false, value: encodeSequence(...names.map(encodeGeneralName)) };
}

/** Reads one GeneralName (RFC 5280 §4.2.1.6). @throws LatchkeyError `asn1/malformed`, `x509/name-malformed`, `x509/malformed` */
export function readGeneralName(element: Element): GeneralName {
  for (const type of ['email', 'dns', 'uri'] as const) {
    if (element.tag === TEXT_TAGS[type]) return { type, value: element.contents.toString('latin1') };
  }
  if (element.tag === IP_TAG) return { type: 'ip', value: formatAddress(element.contents) };
  if (element.tag === DIRECTORY_TAG) {
    const cursor = new Cursor(element);
    const name = parseName(cursor.take(TAG.sequence).der);
    cursor.end();
    return { type: 'directory', value: name };
  }
  return { type: 'other', value: element.der };
}

/** @throws TypeError for an `ip` that is none, or text that is not ASCII */
export function encodeGeneralName(name: GeneralName): Buffer {
  switch (name.type) {
    case 'directory':
      return encode(DIRECTORY_TAG, name.value.der);
    case 'other':
      return name.value;
    case 'ip':
      return encode(IP_TAG, parseAddress(name.value));
    default:
      if (!/^[\x20-\x7e]*$/.test(name.value)) throw new TypeError(`not ASCII: ${name.value}`);
      return encode(TEXT_TAGS[name.type], Buffer.from(name.value, 'latin1'));
  }
}

function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw malformed('subjectAltName', `an IP address of ${bytes.length} bytes`);
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

function parseAddress(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) throw new TypeError(`not an IP address: ${text}`);
  const [head = '', tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const bytes = Buffer.alloc(16);
  groups.forEach((group, i) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * i);
  });
  return bytes;
}
