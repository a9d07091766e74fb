import { LruCache } from '../kit/index.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { signatureDigest, verifySignature } from './signature-algorithm.ts';

/** Public key operations that one validation may cost. */
export const MAX_SIGNATURE_CHECKS = 100;

/** What came of checking a signature; `weak`: not looked at, because its digest proves nothing. */
export type SignatureVerdict = 'good' | 'bad' | 'weak' | 'limit';

/** Checks signatures within a budget; remembers good ones across validations and bad ones within its own. */
export interface SignatureChecker {
  check(certificate: Certificate, issuer: Certificate): SignatureVerdict;
}

/** Signatures found good by anyone in this process: pairs of certificate fingerprints, so that other bytes never match. */
let verifiedByDefault: LruCache<string, true> | undefined;

export function signatureChecker(remembered: LruCache<string, true> | undefined): SignatureChecker {
  verifiedByDefault ??= new LruCache<string, true>(4_096);
  const verified = remembered ?? verifiedByDefault;
  const bad = new Set<string>();
  let left = MAX_SIGNATURE_CHECKS;
  return {
    check(certificate, issuer) {
      if (isWeakSignature(certificate)) return 'weak';
      const pair = `${certificate.fingerprint}:${issuer.fingerprint}`;
      if (verified.get(pair) === true) return 'good';
      if (bad.has(pair)) return 'bad';
      if (left <= 0) return 'limit';
      left -= 1;
      if (isGood(certificate, issuer)) {
        verified.set(pair, true);
        return 'good';
      }
      bad.add(pair);
      return 'bad';
    },
  };
}

function isGood(certificate: Certificate, issuer: Certificate): boolean {
  try {
    const { modulusLength = 0, publicExponent = 0n } = issuer.publicKey.asymmetricKeyDetails ?? {};
    // Keys whose only use is to make a verifier work for milliseconds.
    if (modulusLength > 16_384 || publicExponent > MAX_EXPONENT) return false;
    return verifySignature(certificate, issuer.publicKey);
  } catch {
    // A key or an algorithm that cannot be used verifies nothing.
    return false;
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

/** {@link Crl.verifiedBy}, remembered: a CRL can have megabytes to hash. */
export function isCrlSignedBy(crl: Crl, issuer: Certificate): boolean {
  let known = checkedCrls.get(crl);
  if (known === undefined) {
    known = new LruCache(16);
    checkedCrls.set(crl, known);
  }
  let verdict = known.get(issuer.fingerprint);
  if (verdict === undefined) {
    try {
      verdict = crl.verifiedBy(issuer);
    } catch {
      verdict = false;
    }
    known.set(issuer.fingerprint, verdict);
  }
  return verdict;
}
