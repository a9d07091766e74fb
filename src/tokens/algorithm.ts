import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { LatchkeyError } from '../kit/index.ts';

/** The signature algorithms (`alg`, RFC 7518 and RFC 8037) that tokens are signed and verified with here. No HMAC, no `none`. */
export type TokenAlgorithm = 'ES256' | 'RS256' | 'EdDSA';

interface Algorithm {
  /** Digest for `node:crypto`; `undefined` = the algorithm has its own. */
  readonly digest: string | undefined;
  readonly suits: (key: KeyObject) => boolean;
}

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

const ALGORITHMS: Readonly<Record<TokenAlgorithm, Algorithm>> = {
  ES256: {
    digest: 'sha256',
    suits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
  },
  RS256: {
    digest: 'sha256',
    suits: (key) => {
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
      return key.asymmetricKeyType === 'rsa' && bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS;
    },
  },
  EdDSA: {
    digest: undefined,
    suits: (key) => key.asymmetricKeyType === 'ed25519',
  },
};

/** The names of all algorithms. */
export const TOKEN_ALGORITHMS = Object.keys(ALGORITHMS) as readonly TokenAlgorithm[];

/** True for the name of an algorithm we know. */
export function isTokenAlgorithm(value: unknown): value is TokenAlgorithm {
  return typeof value === 'string' && Object.hasOwn(ALGORITHMS, value);
}

/** The one algorithm that a key, private or public, is used with. @throws LatchkeyError `tokens/key` */
export function algorithmOf(key: KeyObject): TokenAlgorithm {
  const found = TOKEN_ALGORITHMS.find((name) => ALGORITHMS[name].suits(key));
  if (found !== undefined) return found;
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const kind = [key.asymmetricKeyType, modulusLength ?? namedCurve].filter(Boolean).join(' ');
  throw new LatchkeyError(
    'tokens/key',
    `tokens are signed with P-256, RSA (2048 to 8192 bits) or Ed25519, not ${kind}`,
  );
}

/** Signs, in the form JWS wants: for ES256 r and s, 32 bytes each (RFC 7518 §3.4). */
export function signBytes(algorithm: TokenAlgorithm, data: Uint8Array, key: KeyObject): Buffer {
  return sign(ALGORITHMS[algorithm].digest, data, { key, dsaEncoding: 'ieee-p1363' });
}

/**
 * True when the signature is right. The caller has made sure that the key is for the algorithm. A DER signature for ES256 has the
 * wrong length and is wrong.
 */
export function isSignature(
  algorithm: TokenAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
  key: KeyObject,
): boolean {
  return verify(ALGORITHMS[algorithm].digest, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** The public half of a key. */
export function publicHalf(key: KeyObject): KeyObject {
  return key.type === 'private' ? createPublicKey(key) : key;
}
