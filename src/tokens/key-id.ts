import { createHash, type KeyObject } from 'node:crypto';
import { publicHalf } from './algorithm.ts';

/** The members that a thumbprint is made of, in the order it needs (RFC 7638 §3.2, RFC 8037 §2). */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** SHA-256 thumbprint of a key (RFC 7638), base64url: a name that two keys never share. */
export function thumbprint(key: KeyObject): string {
  const jwk = publicHalf(key).export({ format: 'jwk' });
  const members = (REQUIRED[jwk.kty ?? ''] ?? []).map((name) => [name, jwk[name]]);
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url');
}

/**
 * The key id that `scitokens-admin-create-key` gives: the first four hexadecimal digits of SHA-256 over the base64url text of the
 * modulus (RSA) or of x (EC). That text is the Python tool's: without zeros at the beginning, with padding. Short enough that two
 * keys of a busy issuer may share an id.
 */
export function sciTokensKeyId(key: KeyObject): string {
  const jwk = publicHalf(key).export({ format: 'jwk' });
  const number = Buffer.from(String(jwk.n ?? jwk.x), 'base64url');
  const start = Math.max(
    0,
    number.findIndex((byte) => byte !== 0),
  );
  const text = number.subarray(start).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return createHash('sha256').update(text).digest('hex').slice(0, 4);
}
