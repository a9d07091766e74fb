import { createPublicKey, type KeyObject } from 'node:crypto';
import { LatchkeyError } from '../kit/index.ts';
import { algorithmOf, publicHalf, type TokenAlgorithm } from './algorithm.ts';
import { thumbprint } from './key-id.ts';

/** A public key under the name that tokens call it by. */
export interface PublishedKey {
  readonly keyId: string;
  readonly algorithm: TokenAlgorithm;
  readonly publicKey: KeyObject;
}

/** The public side of a key. @throws LatchkeyError `tokens/key` when tokens are not signed with such keys */
export function makePublishedKey(key: KeyObject, keyId?: string): PublishedKey {
  const publicKey = publicHalf(key);
  return { keyId: keyId ?? thumbprint(publicKey), algorithm: algorithmOf(publicKey), publicKey };
}

/** Reads a public key in PEM (SPKI or PKCS#1), as HTCondor's `LOCAL_CREDMON_PUBLIC_KEY` is one. @throws LatchkeyError `tokens/key` */
export function parsePublishedKey(pem: string, origin: string, keyId?: string): PublishedKey {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new LatchkeyError('tokens/key', `${origin} holds no public key in PEM`, { cause });
  }
  return makePublishedKey(key, keyId);
}

/** A public key as JSON (RFC 7517). */
export interface PublicJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg: TokenAlgorithm;
  readonly use: 'sig';
  readonly [member: string]: string;
}

/** Coordinates are as long as the curve wants and without padding (RFC 7518 §6.2.1.2): some verifiers read nothing else. */
export function formatJwk({ keyId, algorithm, publicKey }: PublishedKey): PublicJwk {
  const { kty = '', ...members } = publicKey.export({ format: 'jwk' });
  const texts = Object.entries(members).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { kty, ...Object.fromEntries(texts), kid: keyId, use: 'sig', alg: algorithm };
}
