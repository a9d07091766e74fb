import { type Finding, quote } from '../kit/index.ts';
import type { Certificate } from './certificate.ts';
import { formatOneline } from './name-oneline.ts';

/**
 * Everything {@link validatePath} can find, and the words OpenSSL's verify has for it: people and scripts grep for these.
 * The keys are a closed list, so that callers can branch on them.
 */
export const OPENSSL_VERIFY_TEXT = {
  // the chain as a whole
  'chain/empty': 'unable to get local issuer certificate',
  'chain/too-long': 'certificate chain too long',
  'chain/search-limit': 'certificate chain too long',
  // trust
  'trust/issuer-missing': 'unable to get local issuer certificate',
  'trust/root-untrusted': 'self-signed certificate in certificate chain',
  'trust/leaf-self-signed': 'self-signed certificate',
  // each certificate
  'certificate/signature-invalid': 'certificate signature failure',
  'certificate/algorithm-unsupported': 'certificate signature failure',
  'certificate/algorithm-weak': 'CA signature digest algorithm too weak',
  'certificate/algorithm-aging': 'CA signature digest algorithm too weak',
  'certificate/key-weak': 'EE certificate key too weak',
  'certificate/key-aging': 'EE certificate key too weak',
  'certificate/key-malformed': 'unable to decode issuer public key',
  'certificate/not-yet-valid': 'certificate is not yet valid',
  'certificate/expired': 'certificate has expired',
  'certificate/extension-unknown': 'unhandled critical extension',
  'certificate/extension-malformed': 'invalid or inconsistent certificate extension',
  'certificate/purpose': 'unsuitable certificate purpose',
  // issuing certificates
  'authority/not-a-ca': 'invalid CA certificate',
  'authority/key-usage': 'invalid CA certificate',
  'authority/path-length': 'path length constraint exceeded',
  // proxies
  'proxy/issuer-is-ca': 'invalid non-CA certificate (has CA markings)',
  'proxy/issuer-key-usage': 'key usage does not include digital signature',
  'proxy/subject-name': 'proxy subject name violation',
  'proxy/subject-multi-valued': 'proxy subject name violation',
  'proxy/info-not-critical': 'invalid or inconsistent certificate extension',
  'proxy/path-length': 'proxy path length constraint exceeded',
  'proxy/kinds-mixed': 'application verification failure',
  'proxy/limited-signs-full': 'certificate signature failure',
  'proxy/policy-restricted': 'certificate rejected',
  'proxy/alternative-name': 'invalid or inconsistent certificate extension',
  'proxy/key-usage': 'invalid or inconsistent certificate extension',
  // namespaces and revocation
  'policy/missing': 'application verification failure',
  'policy/subject-refused': 'unsuitable certificate purpose',
  'crl/signature-invalid': 'CRL signature failure',
  'crl/expired': 'CRL has expired',
  'crl/not-yet-valid': 'CRL is not yet valid',
  'crl/issuer-key-usage': 'key usage does not include CRL signing',
  'crl/extension-unknown': 'unhandled critical CRL extension',
  'crl/revoked': 'certificate revoked',
} as const;

/** See {@link OPENSSL_VERIFY_TEXT}. */
export type PathFindingCode = keyof typeof OPENSSL_VERIFY_TEXT;

/** One finding about a path: `index` counts from the leaf (0) along the path of the report. */
export interface PathFinding extends Finding {
  readonly code: PathFindingCode;
  readonly index: number;
  readonly rule: string;
  /** A warning does not make the path invalid. */
  readonly severity: 'error' | 'warning';
}

/** Collects findings about one path. */
export type Report = (
  code: PathFindingCode,
  index: number,
  message: string,
  rule: string,
  severity?: 'error' | 'warning',
) => void;

/** A certificate's subject for a message, quoted. */
export function subjectOf(certificate: Certificate): string {
  return quote(formatOneline(certificate.subject), 300);
}
