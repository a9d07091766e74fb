import { createPrivateKey, type KeyObject } from 'node:crypto';
import { LatchkeyError, type Secret } from '../kit/index.ts';
import { algorithmOf, type TokenAlgorithm } from './algorithm.ts';
import { thumbprint } from './key-id.ts';

/** A key that tokens are signed with. */
export interface SigningKey {
  /** `kid` of the token's header and of the published key. */
  readonly keyId: string;
  readonly algorithm: TokenAlgorithm;
  readonly privateKey: KeyObject;
}

/** `kid` values are short text without blanks or control characters. */
const KEY_ID = /^[\x21-\x7e]{1,200}$/;

/**
 * Makes a signing key of a private key: P-256 signs ES256, RSA of 2048 bits and more RS256, Ed25519 EdDSA.
 *
 * @param keyId default the thumbprint of the public key (RFC 7638)
 * @throws LatchkeyError `tokens/key` for another kind of key, or a key id that is no short text
 */
export function makeSigningKey(privateKey: KeyObject, keyId?: string): SigningKey {
  const algorithm = algorithmOf(privateKey);
  const id = keyId ?? thumbprint(privateKey);
  if (KEY_ID.test(id)) return { keyId: id, algorithm, privateKey };
  throw new LatchkeyError('tokens/key', 'a key id is 1 to 200 printable ASCII characters without blanks');
}

/**
 * Reads a private key in PEM: SEC1 (`EC PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or PKCS#8.
 *
 * @param origin names the key in errors, such as its file
 * @throws LatchkeyError `tokens/key`
 */
export function parseSigningKey(pem: Secret, origin: string, keyId?: string): SigningKey {
  const text = pem.reveal().toString('latin1');
  if (/ENCRYPTED/.test(text)) {
    throw new LatchkeyError(
      'tokens/key',
      `the key of ${origin} is encrypted, and nobody is there to be asked`,
      {
        hint: 'a signing key is protected by the mode of its file: openssl pkey -in key.pem -out plain.pem, chmod 600',
      },
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (cause) {
    throw new LatchkeyError('tokens/key', `${origin} holds no private key in PEM`, {
      cause,
      hint: 'latchkey key create makes one',
    });
  }
  return makeSigningKey(key, keyId);
}
