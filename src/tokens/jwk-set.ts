import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { type Finding, isLatchkeyError, LatchkeyError, quote } from '../kit/index.ts';
import { makePublishedKey, type PublishedKey } from './published-key.ts';

/** The keys of a set that tokens may be verified with, and why the others may not. */
export interface ParsedJwks {
  readonly keys: readonly PublishedKey[];
  readonly findings: readonly Finding[];
}

const MAX_KEYS = 100;

/**
 * Reads a JWK set (RFC 7517 §5). Keys for other uses, of other kinds, too weak ones and secret ones are left out with a finding;
 * a key without `kid` has an empty key id.
 *
 * @throws LatchkeyError `tokens/malformed` when it is no set
 */
export function parseJwks(document: unknown): ParsedJwks {
  const { keys: members } = Object(document) as Record<string, unknown>;
  if (!Array.isArray(members) || members.length > MAX_KEYS) {
    throw new LatchkeyError('tokens/malformed', `a JWK set is an object with up to ${MAX_KEYS} "keys"`);
  }
  const keys: PublishedKey[] = [];
  const findings: Finding[] = [];
  for (const [index, member] of members.entries()) {
    const key = readKey(Object(member) as Record<string, unknown>);
    if (typeof key === 'string') findings.push({ code: 'jwk', message: key, index, rule: 'RFC 7517 §4' });
    else keys.push(key);
  }
  return { keys, findings };
}

function readKey(jwk: Readonly<Record<string, unknown>>): PublishedKey | string {
  const { kid, use, key_ops: operations, alg, kty } = jwk;
  const name = typeof kid === 'string' ? `the key ${quote(kid, 50)}` : 'a key without kid';
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 256))
    return 'a kid is a text of up to 256 characters';
  if (kty === 'oct') return `${name} is a shared secret`;
  // Whoever publishes it has lost it: everybody can sign with it.
  if ('d' in jwk) return `${name} is a private key that was published`;
  if (use !== undefined && use !== 'sig') return `${name} is not for signatures`;
  if (Array.isArray(operations) && !operations.includes('verify')) return `${name} is not for verifying`;
  try {
    const key = makePublishedKey(
      createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }),
      typeof kid === 'string' ? kid : '',
    );
    if (alg !== undefined && alg !== key.algorithm) return `${name} is for another algorithm than it can`;
    return key;
  } catch (error) {
    return isLatchkeyError(error)
      ? `${name}: ${error.message}`
      : `${name} is malformed or of an unknown kind`;
  }
}

/** A fixed set of keys, the same for every issuer, as a key source. */
export function fixedKeys(keys: readonly PublishedKey[]): { keysOf(): Promise<readonly PublishedKey[]> } {
  return { keysOf: async () => keys };
}
