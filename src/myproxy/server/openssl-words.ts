import type { PathFindingCode, PathReport } from '../../x509/index.ts';

/**
 * The verdict on a chain in the words of OpenSSL's `X509_verify_cert_error_string`, which operators search logs for.
 * Undefined when the chain is good.
 */
export function opensslWords(report: PathReport): string | undefined {
  if (report.ok) return undefined;
  const errors = report.findings.filter((finding) => finding.severity === 'error');
  // Chain building comes before everything else in OpenSSL, so its errors win.
  for (const code of FIRST) if (errors.some((finding) => finding.code === code)) return WORDS[code];
  const [first] = errors;
  return (first && WORDS[first.code]) ?? 'application verification failure';
}

const FIRST: readonly PathFindingCode[] = [
  'trust/leaf-self-signed',
  'trust/issuer-missing',
  'trust/root-untrusted',
];

const WORDS: Partial<Record<PathFindingCode, string>> = {
  'chain/too-long': 'certificate chain too long',
  'trust/leaf-self-signed': 'self-signed certificate',
  'trust/issuer-missing': 'unable to get local issuer certificate',
  'trust/root-untrusted': 'self-signed certificate in certificate chain',
  'certificate/signature-invalid': 'certificate signature failure',
  'certificate/algorithm-unsupported': 'certificate signature failure',
  'certificate/algorithm-weak': 'CA signature digest algorithm too weak',
  'certificate/key-weak': 'EE certificate key too weak',
  'certificate/key-malformed': 'unable to decode issuer public key',
  'certificate/not-yet-valid': 'certificate is not yet valid',
  'certificate/expired': 'certificate has expired',
  'certificate/extension-unknown': 'unhandled critical extension',
  'certificate/extension-malformed': 'invalid or inconsistent certificate extension',
  'certificate/purpose': 'unsuitable certificate purpose',
  'authority/not-a-ca': 'invalid CA certificate',
  'authority/key-usage': 'key usage does not include certificate signing',
  'authority/path-length': 'path length constraint exceeded',
  'proxy/path-length': 'proxy path length constraint exceeded',
  'proxy/subject-name': 'proxy subject name violation',
  'proxy/subject-multi-valued': 'proxy subject name violation',
  'proxy/issuer-key-usage': 'key usage does not include digital signature',
  'proxy/not-allowed': 'proxy certificates not allowed, please set the appropriate flag',
  'crl/signature-invalid': 'CRL signature failure',
  'crl/expired': 'CRL has expired',
  'crl/not-yet-valid': 'CRL is not yet valid',
  'crl/issuer-key-usage': 'key usage does not include CRL signing',
  'crl/extension-unknown': 'unhandled critical CRL extension',
  'crl/revoked': 'certificate revoked',
};
