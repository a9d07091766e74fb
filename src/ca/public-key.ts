import type { KeyObject } from 'node:crypto';

/** The DER SubjectPublicKeyInfo of a public key (RFC 5280 §4.1.2.7). */
export function spkiOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}
