import { createHash } from 'node:crypto';
import type { CredentialId } from './credential.ts';

/** `MYPROXY_CREDS_MAX_NAMELEN`: names of more bytes are hashed. */
export const MAX_NAME_BYTES = 80;

/** What the files of a credential are called before `.data`, `.creds` and `.lock`. */
export function fileStem(id: CredentialId, maxNameBytes: number = MAX_NAME_BYTES): string {
  const user = fileNamePart(id.username, maxNameBytes);
  return id.name === undefined ? user : `${user}-${fileNamePart(id.name, maxNameBytes)}`;
}

/**
 * One name as part of a file name: unchanged, but a leading dot becomes a hyphen, and a name with a slash or of more
 * bytes than the limit becomes the MD5 of its UTF-8 bytes in lower-case hex.
 */
export function fileNamePart(name: string, maxNameBytes: number = MAX_NAME_BYTES): string {
  if (name.includes('/') || Buffer.byteLength(name) > maxNameBytes) {
    // The C server's choice; nothing secret or signed hangs on it.
    return createHash('md5').update(name, 'utf8').digest('hex');
  }
  return name.replace(/^\./, '-');
}

/**
 * The names of a credential whose `.data` file does not tell the user name, as old servers wrote them: taken from the
 * file name, as far as that can be undone.
 */
export function idFromStem(stem: string, name: string | undefined, maxNameBytes?: number): CredentialId {
  if (name === undefined) return { username: stem };
  const suffix = `-${fileNamePart(name, maxNameBytes)}`;
  return { username: stem.endsWith(suffix) ? stem.slice(0, -suffix.length) : stem, name };
}

/** True when the two name the same credential, and not just the same files. */
export function sameId(a: CredentialId, b: CredentialId): boolean {
  return a.username === b.username && a.name === b.name;
}
