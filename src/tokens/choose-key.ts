import { quote } from '../kit/index.ts';
import { isTokenAlgorithm, type TokenAlgorithm } from './algorithm.ts';
import type { PublishedKey } from './published-key.ts';
import { type Rejection, rejection } from './rejection.ts';

/** What a header asks for, once it is found acceptable. */
export interface HeaderFacts {
  readonly algorithm: TokenAlgorithm;
  /** `undefined` = it names no key. */
  readonly keyId: string | undefined;
  /** `typ` says that it is an access token of RFC 9068. */
  readonly isAccessToken: boolean;
}

const TYPES: Readonly<Record<string, boolean>> = {
  jwt: false,
  'application/jwt': false,
  'at+jwt': true,
  'application/at+jwt': true,
};

/** Reads a header. `jku`, `x5u`, `x5c` and `jwk` are not even looked at: a token does not bring its own key. */
export function readHeader(header: Readonly<Record<string, unknown>>): HeaderFacts | Rejection {
  const { alg, typ, crit, kid, b64 } = header;
  if (!isTokenAlgorithm(alg)) {
    const named = typeof alg === 'string' ? quote(alg, 40) : 'no text';
    return rejection(
      'header/algorithm',
      `the algorithm is ${named}, not one of those allowed`,
      'RFC 8725 §3.1',
    );
  }
  if (crit !== undefined || b64 !== undefined) {
    return rejection(
      'header/critical',
      'the header has extensions that must be understood',
      'RFC 7515 §4.1.11',
    );
  }
  const type = typ === undefined ? 'jwt' : String(typ).toLowerCase();
  const isText = typ === undefined || typeof typ === 'string';
  const isAccessToken = isText && Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (isAccessToken === undefined) {
    return rejection('header/type', `the type is ${quote(type, 40)}, not JWT or at+jwt`, 'RFC 8725 §3.11');
  }
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > 256)) {
    return rejection('key/id', 'the key id is no text of 1 to 256 characters', 'RFC 7515 §4.1.4');
  }
  return { algorithm: alg, keyId: kid, isAccessToken };
}

/**
 * The one key that a token is to be verified with: of the name it gives, of the algorithm it says. Two of one name are none.
 * Without a name there must be one key only; one key without a name serves every name.
 */
export function chooseKey(
  { keyId, algorithm }: HeaderFacts,
  keys: readonly PublishedKey[],
): PublishedKey | Rejection {
  const [only] = keys;
  const isOnly = keys.length === 1 && only !== undefined && (keyId === undefined || only.keyId === '');
  const named = isOnly ? [only] : keys.filter((key) => keyId !== undefined && key.keyId === keyId);
  if (named.length === 0) {
    return keyId === undefined
      ? rejection(
          'key/id',
          `the token names no key, and its issuer has ${keys.length}`,
          'SciTokens, WLCG profile',
        )
      : rejection('key/unknown', `the issuer has no key ${quote(keyId, 80)}`, 'RFC 7515 §4.1.4');
  }
  const suiting = named.filter((key) => key.algorithm === algorithm);
  const [key] = suiting;
  if (key === undefined) {
    return rejection(
      'key/algorithm',
      `the key is not for ${algorithm}, which the token says`,
      'RFC 8725 §3.1',
    );
  }
  if (suiting.length > 1) {
    return rejection('key/ambiguous', `the issuer has ${suiting.length} keys of one name`, 'RFC 7517 §4.5');
  }
  return key;
}
