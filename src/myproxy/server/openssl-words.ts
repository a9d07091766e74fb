import { OPENSSL_VERIFY_TEXT, type PathReport } from '../../x509/index.ts';

/** What comes first when several things are wrong: OpenSSL builds the chain before it looks at anything else. */
const FIRST: ReadonlySet<string> = new Set([
  'trust/leaf-self-signed',
  'trust/issuer-missing',
  'trust/root-untrusted',
]);

/**
 * The verdict on a chain in the words of OpenSSL's `X509_verify_cert_error_string`, which operators search for.
 * Undefined when the chain is good.
 */
export function opensslWords(report: PathReport): string | undefined {
  if (report.ok) return undefined;
  const errors = report.findings.filter((finding) => finding.severity === 'error');
  const finding = errors.find(({ code }) => FIRST.has(code)) ?? errors[0];
  return finding === undefined ? 'application verification failure' : OPENSSL_VERIFY_TEXT[finding.code];
}
