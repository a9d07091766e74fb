import { isLatchkeyError, LruCache } from '../kit/index.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { signatureDigest, verifySignature } from './signature-algorithm.ts';

/** What the public key operations of one validation may cost together; one with an RSA key of 4096 bits costs 1, some 0.1 ms. */
const MAX_COST = 100;

/** What came of checking a signature; `weak`: not looked at, because its digest proves nothing. */
export type SignatureVerdict = 'good' | 'bad' | 'unsupported' | 'weak' | 'limit';

/** Checks signatures within a budget; remembers good ones across validations and bad ones within its own. */
export interface SignatureChecker {
  check(certificate: Certificate, issuer: Certificate): SignatureVerdict;
}

/** Signatures found good by anyone in this process: pairs of certificate fingerprints, so that other bytes never match. */
let verifiedByDefault: LruCache<string, true> | undefined;

export function signatureChecker(remembered: LruCache<string, true> | undefined): SignatureChecker {
  verifiedByDefault ??= new LruCache<string, true>(4_096);
  const verified = remembered ?? verifiedByDefault;
  const failed = new Map<string, SignatureVerdict>();
  let left = MAX_COST;
  return {
    check(certificate, issuer) {
      if (isWeakSignature(certificate)) return 'weak';
      const pair = `${certificate.fingerprint}:${issuer.fingerprint}`;
      if (verified.get(pair) === true) return 'good';
      const failure = failed.get(pair);
      if (failure !== undefined) return failure;
      if (left <= 0) return 'limit';
      left -= costOf(issuer);
      const verdict = verify(certificate, issuer);
      if (verdict === 'good') verified.set(pair, true);
      else failed.set(pair, verdict);
      return verdict;
    },
  };
}

/**
 * How long a verification takes, as a multiple of the usual one: whoever sends certificates chooses the keys in them, and
 * nobody has to know a private key to make a verifier work.
 */
function costOf(issuer: Certificate): number {
  try {
    const { modulusLength, publicExponent = 0n, namedCurve } = issuer.publicKey.asymmetricKeyDetails ?? {};
    if (modulusLength === undefined) return COST_OF_CURVE[namedCurve ?? ''] ?? MAX_COST / 10;
    return Math.max(1, (modulusLength / 4096) ** 2 * (publicExponent.toString(2).length / 17));
  } catch {
    return 1;
  }
}

/** Curves by their names in OpenSSL; `''` is a key on no curve with a name, Ed25519 above all. */
const COST_OF_CURVE: Readonly<Record<string, number>> = { '': 1, prime256v1: 1, secp384r1: 4, secp521r1: 4 };

function verify(certificate: Certificate, issuer: Certificate): SignatureVerdict {
  try {
    const { modulusLength = 0, publicExponent = 0n } = issuer.publicKey.asymmetricKeyDetails ?? {};
    // Keys whose only use is to make a verifier work for milliseconds.
    if (modulusLength > 16_384 || publicExponent > MAX_EXPONENT) return 'bad';
    return verifySignature(certificate, issuer.publicKey) ? 'good' : 'bad';
  } catch (error) {
    // A key that cannot be read verifies nothing; it is reported by itself.
    return isLatchkeyError(error, 'x509/algorithm-unsupported') ? 'unsupported' : 'bad';
  }
}

const MAX_EXPONENT = 1n << 64n;

/** Signature algorithms with digests that are broken: MD2, MD4, MD5 with RSA. */
const WEAK = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.3',
  '1.2.840.113549.1.1.4',
  '1.3.14.3.2.2',
  '1.3.14.3.2.3',
  '1.3.14.3.2.4',
]);

export function isWeakSignature(certificate: Certificate): boolean {
  return WEAK.has(certificate.signatureAlgorithm);
}

export function isAgingSignature(certificate: Certificate): boolean {
  return signatureDigest(certificate) === 'sha1';
}

const checkedCrls = new WeakMap<Crl, LruCache<string, boolean>>();

/** Whether the key made the CRL's signature, whatever its key usage; remembered, for a CRL can have megabytes to hash. */
export function isCrlSignedBy(crl: Crl, issuer: Certificate): boolean {
  let known = checkedCrls.get(crl);
  if (known === undefined) {
    known = new LruCache(16);
    checkedCrls.set(crl, known);
  }
  let verdict = known.get(issuer.fingerprint);
  if (verdict === undefined) {
    try {
      verdict = verifySignature(crl, issuer.publicKey);
    } catch {
      verdict = false;
    }
    known.set(issuer.fingerprint, verdict);
  }
  return verdict;
}
