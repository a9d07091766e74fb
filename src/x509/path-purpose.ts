import type { Certificate } from './certificate.ts';
import { EKU, extendedKeyUsage } from './extended-key-usage.ts';
import { keyUsage } from './key-usage.ts';
import { attempt } from './path-attempt.ts';
import { type Report, subjectOf } from './path-finding.ts';

/** Every certificate of the path that names purposes must name this one; the end entity's key must be usable for TLS. */
export function checkPurpose(
  path: readonly Certificate[],
  endEntityIndex: number,
  purpose: 'client' | 'server',
  report: Report,
): void {
  const wanted = purpose === 'client' ? EKU.clientAuth : EKU.serverAuth;
  for (const [index, certificate] of path.entries()) {
    const purposes = attempt(() => extendedKeyUsage(certificate));
    if (purposes === undefined || purposes.includes(wanted) || purposes.includes(EKU.any)) continue;
    const message = `the certificate of ${subjectOf(certificate)} is not meant for a TLS ${purpose}`;
    report('certificate/purpose', index, message, 'RFC 5280 §4.2.1.12');
  }
  const endEntity = path[endEntityIndex];
  if (endEntity === undefined) return;
  const usage = attempt(() => keyUsage(endEntity));
  const enough = purpose === 'client' ? CLIENT_USAGES : SERVER_USAGES;
  if (usage !== undefined && !enough.some((bit) => usage.has(bit))) {
    const message = `the key of ${subjectOf(endEntity)} is not meant for a TLS ${purpose}: it lacks the key usage ${enough.join(' or ')}`;
    report('certificate/purpose', endEntityIndex, message, 'RFC 5280 §4.2.1.3');
  }
}

const CLIENT_USAGES = ['digitalSignature', 'keyAgreement'] as const;
const SERVER_USAGES = ['digitalSignature', 'keyEncipherment', 'keyAgreement'] as const;
