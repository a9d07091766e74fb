import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { RegistryEntry } from './entry.ts';

/** Who wrote an entry, and when: an ed25519 signature over name, URI, tags and lease. */
export interface EntrySignature {
  /** The public key, 32 bytes in base64url: the identity of the host. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** 64 bytes in base64url. */
  readonly value: string;
}

/** Where the 32 bytes begin in the SPKI form of an ed25519 key (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** The entry with a signature by `privateKey`. @throws TypeError for a key that is not ed25519 */
export function signEntry(entry: RegistryEntry, privateKey: KeyObject, now: number): RegistryEntry {
  const key = publicKeyText(privateKey);
  const unsigned = { ...entry, tags: [...new Set(entry.tags)].sort() };
  const value = sign(null, statement(unsigned, key, now), privateKey).toString('base64url');
  return { ...unsigned, signature: { key, at: now, value } };
}

/** True when the entry is signed by the key it names, and is as it was signed. Whether that key is to be trusted is another question. */
export function verifyEntry(entry: RegistryEntry): boolean {
  const { signature } = entry;
  if (signature === undefined) return false;
  const raw = Buffer.from(signature.key, 'base64url');
  if (raw.length !== 32 || !Number.isSafeInteger(signature.at)) return false;
  try {
    const key = createPublicKey({
      key: Buffer.concat([SPKI_PREFIX, raw]),
      format: 'der',
      type: 'spki',
    });
    const bytes = Buffer.from(signature.value, 'base64url');
    return verify(null, statement(entry, signature.key, signature.at), key, bytes);
  } catch {
    return false;
  }
}

/** The text by which a public key is known: 32 bytes in base64url. @throws TypeError for a key that is not ed25519 */
export function publicKeyText(key: KeyObject): string {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('entries are signed with an ed25519 key');
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({
    format: 'der',
    type: 'spki',
  });
  return spki.subarray(SPKI_PREFIX.length).toString('base64url');
}

function statement(entry: RegistryEntry, key: string, at: number): Buffer {
  const said = [
    'latchkey registry entry 1',
    entry.name,
    entry.uri,
    entry.tags,
    entry.leaseSeconds ?? null,
    key,
    at,
  ];
  return Buffer.from(JSON.stringify(said), 'utf8');
}
