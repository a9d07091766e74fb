import { createPublicKey, type KeyObject } from 'node:crypto';
import { Cursor, readBitString, readInteger, readOid, readOnly, TAG } from '../asn1/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import { reading } from './reading.ts';

/** Object identifiers of the key algorithms in SubjectPublicKeyInfo. */
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';

/** An RSA key of 16384 bits, OpenSSL's own limit, takes 2 KiB. */
const MAX_SPKI_BYTES = 8192;

/** The encodings of keys in use: OpenSSL 3 takes longer to write one than the rest of a certificate takes. */
const encodings = new WeakMap<KeyObject, Buffer>();

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
  const { isCanonical, rsa } = reading('public key', () => readKeyInfo(spki), 'x509/key-malformed');
  let key: KeyObject;
  try {
    // OpenSSL 3 takes ten times as long over the DER of an RSA key as over its two numbers.
    key =
      rsa === undefined
        ? createPublicKey({ key: spki, format: 'der', type: 'spki' })
        : createPublicKey({ key: { kty: 'RSA', ...rsa }, format: 'jwk' });
  } catch (cause) {
    throw new LatchkeyError('x509/key-malformed', 'a public key that OpenSSL cannot read', { cause });
  }
  const { publicExponent = 3n } = rsa === undefined ? (key.asymmetricKeyDetails ?? {}) : {};
  if (publicExponent < 3n || publicExponent % 2n === 0n) throw keyMalformed('of impossible numbers');
  if (isCanonical) encodings.set(key, Buffer.from(spki));
  return key;
}

/** The SubjectPublicKeyInfo of a key, DER; must not be written to. */
export function encodePublicKey(key: KeyObject): Buffer {
  let spki = encodings.get(key);
  if (spki === undefined) {
    spki = key.export({ type: 'spki', format: 'der' });
    encodings.set(key, spki);
  }
  return spki;
}

/** What a SubjectPublicKeyInfo says on its face. */
interface KeyInfo {
  /** True when OpenSSL would write the key as these very bytes. */
  readonly isCanonical: boolean;
  /** The numbers of an RSA key, base64url. */
  readonly rsa?: { readonly n: string; readonly e: string };
}

function readKeyInfo(spki: Buffer): KeyInfo {
  const fields = new Cursor(readOnly(spki, TAG.sequence));
  const algorithm = new Cursor(fields.take(TAG.sequence));
  const type = readOid(algorithm.take());
  const parameters = algorithm.done ? undefined : algorithm.take();
  algorithm.end();
  const { bytes, unusedBits } = readBitString(fields.take());
  fields.end();
  if (unusedBits !== 0) throw keyMalformed('that is not whole bytes');
  switch (type) {
    case EC_PUBLIC_KEY:
      if (parameters?.tag !== TAG.oid) {
        throw keyMalformed('on a curve given by parameters instead of its name');
      }
      return { isCanonical: bytes[0] === 4 };
    case RSA_ENCRYPTION:
      return {
        isCanonical: parameters?.tag === TAG.null && parameters.contents.length === 0,
        rsa: readRsaNumbers(bytes),
      };
    default:
      return { isCanonical: false };
  }
}

/** RSAPublicKey (RFC 8017 §A.1.1). */
function readRsaNumbers(der: Buffer): { n: string; e: string } {
  const numbers = new Cursor(readOnly(der, TAG.sequence));
  const [n, e] = [numbers.take(), numbers.take()];
  numbers.end();
  const [modulus, exponent] = [readInteger(n), readInteger(e)];
  // With an exponent of 1 every signature is good, whoever made it.
  if (modulus <= 0n || modulus % 2n === 0n || exponent < 3n || exponent % 2n === 0n) {
    throw keyMalformed('of impossible numbers');
  }
  return { n: magnitude(n.contents), e: magnitude(e.contents) };
}

function magnitude(integer: Buffer): string {
  return (integer[0] === 0 ? integer.subarray(1) : integer).toString('base64url');
}

function keyMalformed(problem: string): LatchkeyError {
  return new LatchkeyError('x509/key-malformed', `a public key ${problem}`);
}

/**
 * True when both are the same key. `KeyObject.equals` is not asked about keys of two kinds: on Node 20 it leaves an error
 * behind in OpenSSL's queue, and whoever reads a private key next is told that it cannot be read.
 */
export function isSameKey(a: KeyObject, b: KeyObject): boolean {
  return a.asymmetricKeyType === b.asymmetricKeyType && a.equals(b);
}
