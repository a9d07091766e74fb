import { basicConstraints } from './basic-constraints.ts';
import type { Certificate } from './certificate.ts';
import { describeProxy } from './describe-proxy.ts';
import { extendedKeyUsage } from './extended-key-usage.ts';
import { authorityKeyIdentifier, subjectKeyIdentifier } from './key-identifiers.ts';
import { keyUsage } from './key-usage.ts';
import { type Report, subjectOf } from './path-finding.ts';
import { KEY_BITS, keyStrength } from './path-keys.ts';
import { isAgingSignature, isWeakSignature } from './path-signatures.ts';
import { DRAFT_PROXY_CERT_INFO, PROXY_CERT_INFO } from './proxy-cert-info.ts';

/** What must hold for each certificate by itself: validity, extensions, key and signature algorithm. */
export function checkCertificates(
  path: readonly Certificate[],
  now: Date,
  isRootTrusted: boolean,
  report: Report,
): void {
  for (const [index, certificate] of path.entries()) {
    checkValidity(certificate, index, now, report);
    checkExtensions(certificate, index, report);
    checkKey(certificate, index, report);
    // Nobody relies on the signature that a trusted root has of itself.
    if (!(isRootTrusted && index === path.length - 1)) checkAlgorithm(certificate, index, report);
  }
}

function checkValidity(certificate: Certificate, index: number, now: Date, report: Report): void {
  const { notBefore, notAfter } = certificate;
  if (now < notBefore) {
    const message = `the certificate of ${subjectOf(certificate)} is valid from ${instant(notBefore)} on, and it is ${instant(now)}`;
    report('certificate/not-yet-valid', index, message, 'RFC 5280 §6.1.3 (a)(2)');
  }
  if (now >= notAfter) {
    const message = `the certificate of ${subjectOf(certificate)} has expired at ${instant(notAfter)}, and it is ${instant(now)}`;
    report('certificate/expired', index, message, 'RFC 5280 §6.1.3 (a)(2)');
  }
}

function instant(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}

/** Extensions that are processed here, and so may be critical; the C tools know the same ones. */
const KNOWN = new Map<string, ((certificate: Certificate) => unknown) | undefined>([
  ['2.5.29.19', basicConstraints],
  ['2.5.29.15', keyUsage],
  ['2.5.29.37', extendedKeyUsage],
  ['2.5.29.14', subjectKeyIdentifier],
  ['2.5.29.35', authorityKeyIdentifier],
  ['2.16.840.1.113730.1.1', undefined], // nsCertType
  [PROXY_CERT_INFO, describeProxy],
  [DRAFT_PROXY_CERT_INFO, describeProxy],
]);

const NAME_CONSTRAINTS = '2.5.29.30';

function checkExtensions(certificate: Certificate, index: number, report: Report): void {
  for (const { oid, critical } of certificate.extensions) {
    const isKnown = KNOWN.has(oid);
    // Name constraints bind even where they are not critical; what cannot be enforced is refused.
    if (!isKnown && (critical || oid === NAME_CONSTRAINTS)) {
      const message = `the certificate of ${subjectOf(certificate)} has the extension ${oid}, which is critical and not known here`;
      report('certificate/extension-unknown', index, message, 'RFC 5280 §6.1.4 (o)');
    }
    const read = KNOWN.get(oid);
    if (read === undefined) continue;
    try {
      read(certificate);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the certificate of ${subjectOf(certificate)} has a malformed extension ${oid}: ${reason}`;
      report('certificate/extension-malformed', index, message, 'RFC 5280 §4.2');
    }
  }
}

function checkKey(certificate: Certificate, index: number, report: Report): void {
  const strength = keyStrength(certificate);
  if (strength === undefined) {
    const message = `the public key of ${subjectOf(certificate)} cannot be read`;
    report('certificate/key-malformed', index, message, 'RFC 5280 §4.1.2.7');
    return;
  }
  const { type, bits } = strength;
  if (type === 'other') return;
  const [refusedBelow, agingBelow] = KEY_BITS[type];
  if (bits >= agingBelow) return;
  const what = `the ${type.toUpperCase()} key of ${subjectOf(certificate)} has ${bits} bits`;
  if (bits < refusedBelow) {
    report(
      'certificate/key-weak',
      index,
      `${what}, ${refusedBelow} are the least accepted`,
      'NIST SP 800-131A',
    );
  } else {
    report(
      'certificate/key-aging',
      index,
      `${what}, ${agingBelow} should be used`,
      'NIST SP 800-131A',
      'warning',
    );
  }
}

function checkAlgorithm(certificate: Certificate, index: number, report: Report): void {
  if (isWeakSignature(certificate)) {
    const message = `the signature on the certificate of ${subjectOf(certificate)} uses MD5 or older (${certificate.signatureAlgorithm})`;
    report('certificate/algorithm-weak', index, message, 'RFC 6151 §2');
  } else if (isAgingSignature(certificate)) {
    const message = `the signature on the certificate of ${subjectOf(certificate)} uses SHA-1`;
    report('certificate/algorithm-aging', index, message, 'NIST SP 800-131A', 'warning');
  }
}
