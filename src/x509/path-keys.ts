import type { KeyObject } from 'node:crypto';
import { LruCache } from '../kit/index.ts';
import type { Certificate } from './certificate.ts';
import { attempt } from './path-attempt.ts';

/** What kind of key a certificate has, and how large it is. */
interface KeyStrength {
  readonly type: 'rsa' | 'ec' | 'other';
  readonly bits: number;
}

/** Smallest keys in bits: refused below the first number, remarked on below the second (NIST SP 800-131A). */
export const KEY_BITS = { rsa: [1024, 2048], ec: [224, 256] } as const;

/** Reading a key costs more than all the rest of a validation whose signatures are known; by exact certificate bytes. */
let known: LruCache<string, KeyStrength> | undefined;

/** The strength of a certificate's key; undefined when the key cannot be read. */
export function keyStrength(certificate: Certificate): KeyStrength | undefined {
  known ??= new LruCache(4_096);
  const { fingerprint } = certificate;
  const found = known.get(fingerprint);
  if (found !== undefined) return found;
  const strength = attempt(() => measureKey(certificate.publicKey));
  if (strength !== undefined) known.set(fingerprint, strength);
  return strength;
}

/** The strength of a key. */
export function measureKey(publicKey: KeyObject): KeyStrength {
  const { modulusLength = 0, namedCurve = '' } = publicKey.asymmetricKeyDetails ?? {};
  const type = publicKey.asymmetricKeyType ?? '';
  if (type.startsWith('rsa')) return { type: 'rsa', bits: modulusLength };
  const bits = Number(/\d{3}/.exec(namedCurve)?.[0] ?? 0);
  return type === 'ec' && bits > 0 ? { type: 'ec', bits } : { type: 'other', bits: 0 };
}
