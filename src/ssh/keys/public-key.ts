import type { KeyObject } from 'node:crypto';
import { quote } from '../../kit/index.ts';
import { blobOf, keyTypeOf, publicKeyOf } from './key-type.ts';
import { keyMalformed, WireReader } from './wire-reader.ts';

/** A public key as ssh knows it. */
export interface SshPublicKey {
  /** `ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256`, … */
  readonly type: string;
  /** Its encoding on the wire (RFC 4253 §6.6): what fingerprints are made of. */
  readonly blob: Buffer;
  readonly comment: string;
  /** `undefined` for kinds that ssh can use and Node cannot: DSA, security keys. */
  readonly key: KeyObject | undefined;
}

/** Longest line of a public key file that is read. */
const MAX_LINE = 65_536;

/**
 * Reads the line of a `.pub` file: type, base64, comment. Options in front of the type, as in `authorized_keys`, are not read.
 *
 * @throws LatchkeyError `ssh/key-malformed`; `ssh/unsupported` is never thrown: kinds that only ssh can use have no `key`
 */
export function parseSshPublicKey(text: string): SshPublicKey {
  const { type, blob, comment } = splitLine(text);
  const key = publicKeyFromBlob(blob, comment);
  if (key.type !== type)
    throw keyMalformed(`a line that says ${quote(type)} with a key of type ${quote(key.type)}`);
  return key;
}

/** The line of a `.pub` file, without a line end. */
export function formatSshPublicKey(key: Pick<SshPublicKey, 'type' | 'blob' | 'comment'>): string {
  const comment = key.comment.replace(/[\r\n]+/g, ' ').trim();
  return `${key.type} ${key.blob.toString('base64')}${comment === '' ? '' : ` ${comment}`}`;
}

/** @throws LatchkeyError `ssh/key-malformed` */
export function publicKeyFromBlob(blob: Buffer, comment = ''): SshPublicKey {
  const reader = new WireReader(blob);
  const name = reader.text();
  const type = keyTypeOf(name);
  if (type === undefined) throw keyMalformed(`a public key of the unknown type ${quote(name)}`);
  const jwk = type.readPublic(reader);
  if (!reader.isAtEnd) throw keyMalformed('a public key with bytes after its end');
  return { type: name, blob, comment, key: jwk && publicKeyOf(jwk) };
}

/** A public key of Node's in ssh's form. @throws LatchkeyError `ssh/key-malformed` for a kind that ssh does not have */
export function toSshPublicKey(key: KeyObject, comment = ''): SshPublicKey {
  const blob = blobOf(key);
  if (blob === undefined)
    throw keyMalformed(`a key of type ${key.asymmetricKeyType}, which ssh does not have`);
  return publicKeyFromBlob(blob, comment);
}

/** A line of type, base64 and comment, taken apart. */
export function splitLine(text: string): { type: string; blob: Buffer; comment: string } {
  if (text.length > MAX_LINE) throw keyMalformed('a line that is too long for a public key');
  const match = /^\s*([!-~]+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+([^\r\n]*))?\s*$/.exec(text);
  if (match === null) throw keyMalformed('no line of a public key: expected a type, base64 and a comment');
  const [, type = '', base64 = '', comment = ''] = match;
  return { type, blob: Buffer.from(base64, 'base64'), comment: comment.trim() };
}
