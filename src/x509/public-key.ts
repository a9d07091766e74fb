import { createPublicKey, type KeyObject } from 'node:crypto';
import { Cursor, readOid, readOnly, TAG } from '../asn1/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import { reading } from './reading.ts';

/** Object identifiers of the key algorithms in SubjectPublicKeyInfo. */
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';

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
  reading('public key', () => checkCurve(spki), 'x509/key-malformed');
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new LatchkeyError('x509/key-malformed', 'a public key that OpenSSL cannot read', { cause });
  }
}

/** The SubjectPublicKeyInfo of a key, DER. */
export function encodePublicKey(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function checkCurve(spki: Buffer): void {
  const algorithm = new Cursor(new Cursor(readOnly(spki, TAG.sequence)).take(TAG.sequence));
  if (readOid(algorithm.take()) !== EC_PUBLIC_KEY) return;
  if (algorithm.take().tag !== TAG.oid)
    throw keyMalformed('on a curve given by parameters instead of its name');
}

function keyMalformed(problem: string): LatchkeyError {
  return new LatchkeyError('x509/key-malformed', `a public key ${problem}`);
}
