import { createHash } from 'node:crypto';
import { encode, encodeOid, encodeSequence, encodeSet, readText, TAG } from '../asn1/index.ts';
import type { Name, NameAttribute } from './name.ts';
import { attempt } from './path-attempt.ts';

/**
 * The hash that names files of a trust directory (`<hash>.0`, `<hash>.signing_policy`, `<hash>.r0`): SHA-1 of the
 * canonical name, first four bytes little-endian, eight hex digits. `openssl x509 -subject_hash` (OpenSSL ≥ 1.0.0).
 */
export function subjectHash(name: Name): string {
  return firstWord(createHash('sha1').update(canonicalName(name)).digest());
}

/** The hash of OpenSSL before 1.0.0, still shipped beside the new one: MD5 of the name as it is encoded. */
export function subjectHashOld(name: Name): string {
  return firstWord(createHash('md5').update(name.der).digest());
}

/**
 * The form in which OpenSSL compares names: string types become UTF-8, ASCII letters lower case, runs of blanks one blank,
 * outer blanks go away (after RFC 5280 §7.1). Only good for finding an issuer: a signature must confirm what it finds.
 */
export function canonicalName(name: Name): Buffer {
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const canonical = Buffer.concat(name.rdns.map((rdn) => encodeSet(...rdn.map(canonicalAttribute))));
  remembered.set(name, canonical);
  return canonical;
}

/** True when two names are the same name to OpenSSL; see {@link canonicalName}. */
export function isSameName(a: Name, b: Name): boolean {
  return a.der.equals(b.der) || canonicalName(a).equals(canonicalName(b));
}

const remembered = new WeakMap<Name, Buffer>();

function canonicalAttribute(attribute: NameAttribute): Buffer {
  const value = canonicalBytes(attribute);
  return encodeSequence(
    encodedType(attribute.type),
    value === undefined ? attribute.value.der : encode(TAG.utf8String, value),
  );
}

const encodedTypes = new Map<string, Buffer>();

/** Names have the same dozen attribute types over and over. */
function encodedType(oid: string): Buffer {
  const found = encodedTypes.get(oid);
  if (found !== undefined) return found;
  const encoded = encodeOid(oid);
  if (encodedTypes.size < 100) encodedTypes.set(oid, encoded);
  return encoded;
}

/** The canonical value, or nothing for types that OpenSSL leaves as they are (NumericString among them). */
function canonicalBytes({ value }: NameAttribute): Buffer | undefined {
  switch (value.tag) {
    case TAG.utf8String:
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.visibleString:
      return foldBlanksAndCase(value.contents);
    case TAG.teletexString: // OpenSSL takes T61 for Latin-1
    case TAG.bmpString:
    case TAG.universalString: {
      // OpenSSL cannot read a name with half a character in it; here it is a name like no other.
      const text = attempt(() => readText(value));
      return text === undefined ? undefined : foldBlanksAndCase(Buffer.from(text, 'utf8'));
    }
    default:
      return undefined;
  }
}

function foldBlanksAndCase(text: Buffer): Buffer {
  const folded = Buffer.alloc(text.length);
  let length = 0;
  let pendingBlank = false;
  for (const byte of text) {
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) {
      pendingBlank = length > 0;
      continue;
    }
    if (pendingBlank) folded[length++] = 0x20;
    pendingBlank = false;
    folded[length++] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
  }
  return folded.subarray(0, length);
}

function firstWord(digest: Buffer): string {
  return digest.readUInt32LE(0).toString(16).padStart(8, '0');
}
