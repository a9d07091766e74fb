import { createPublicKey, type KeyObject } from 'node:crypto';
import { Cursor, readBitString, readInteger, readOid, readOnly, TAG } from '../asn1/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import { reading } from './reading.ts';

/** Object identifiers of the key algorithms in SubjectPublicKeyInfo. */
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';

/** An RSA key of 16384 bits, OpenSSL's own limit, takes 2 KiB. */
const MAX_SPKI_BYTES = 8192;

/**
 * The key inside a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). Elliptic curves must be named: explicit parameters
 * (CVE-2020-0601) are refused.
 *
 * @throws LatchkeyError `x509/key-malformed`
 */
export function readPublicKey(spki: Buffer): KeyObject {
  if (spki.length > MAX_SPKI_BYTES) {
    throw keyMalformed(`${spki.length} bytes long where ${MAX_SPKI_BYTES} are allowed`);
  }
  const rsa = reading('public key', () => checkAlgorithm(spki), 'x509/key-malformed');
  try {
    if (rsa === undefined) return createPublicKey({ key: spki, format: 'der', type: 'spki' });
    // OpenSSL 3 takes ten times as long over the DER of an RSA key as over its two numbers.
    const key = createPublicKey({ key: { kty: 'RSA', ...rsa }, format: 'jwk' });
    ENCODED.set(key, spki);
    return key;
  } catch (cause) {
    throw new LatchkeyError('x509/key-malformed', 'a public key that OpenSSL cannot read', { cause });
  }
}

/** What RSA keys were read from, so that writing them again costs nothing. */
const ENCODED = new WeakMap<KeyObject, Buffer>();

/** The SubjectPublicKeyInfo of a key, DER. */
export function encodePublicKey(key: KeyObject): Buffer {
  return ENCODED.get(key) ?? key.export({ type: 'spki', format: 'der' });
}

/** The numbers of an RSA key in its one canonical form, base64url; undefined for every other key. */
function checkAlgorithm(spki: Buffer): { n: string; e: string } | undefined {
  const fields = new Cursor(readOnly(spki, TAG.sequence));
  const algorithm = new Cursor(fields.take(TAG.sequence));
  const oid = readOid(algorithm.take());
  if (oid === EC_PUBLIC_KEY && algorithm.take().tag !== TAG.oid) {
    throw keyMalformed('on a curve given by parameters instead of its name');
  }
  if (oid !== RSA_ENCRYPTION || algorithm.takeIf(TAG.null)?.contents.length !== 0) return undefined;
  const { bytes, unusedBits } = readBitString(fields.take());
  const numbers = new Cursor(readOnly(bytes, TAG.sequence));
  const [n, e] = [numbers.take(), numbers.take()];
  fields.end();
  algorithm.end();
  numbers.end();
  if (unusedBits !== 0 || readInteger(n) <= 0n || readInteger(e) <= 0n)
    throw keyMalformed('of impossible numbers');
  return { n: magnitude(n.contents), e: magnitude(e.contents) };
}

function magnitude(integer: Buffer): string {
  return (integer[0] === 0 ? integer.subarray(1) : integer).toString('base64url');
}

function keyMalformed(problem: string): LatchkeyError {
  return new LatchkeyError('x509/key-malformed', `a public key ${problem}`);
}
