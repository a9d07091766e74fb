import { quote } from '../kit/index.ts';
import type { Certificate } from './certificate.ts';
import { formatOneline } from './name-oneline.ts';
import { type Report, subjectOf } from './path-finding.ts';
import { isNameAllowed } from './signing-policy.ts';
import { isSameName, subjectHash } from './subject-hash.ts';
import type { TrustStore } from './trust-store.ts';

/** Every certificate that is no proxy and not self-issued must be in the namespace of its issuer (GSI signing_policy). */
export function checkNamespaces(
  path: readonly Certificate[],
  endEntityIndex: number,
  trust: TrustStore,
  isPolicyRequired: boolean,
  report: Report,
): void {
  for (let index = endEntityIndex; index < path.length - 1; index += 1) {
    const certificate = path[index];
    const issuer = path[index + 1];
    if (certificate === undefined || issuer === undefined) break;
    if (isSameName(certificate.subject, certificate.issuer)) continue;
    const policy = trust.signingPolicy(issuer);
    const by = quote(formatOneline(issuer.subject), 300);
    if (policy === undefined) {
      if (!isPolicyRequired) continue;
      const message = `there is no signing_policy for ${by} (file ${subjectHash(issuer.subject)}.signing_policy), so ${subjectOf(certificate)} cannot be accepted`;
      report('policy/missing', index, message, 'GSI signing_policy');
    } else if (!isNameAllowed(policy, certificate.subject)) {
      const message = `the signing_policy of ${by} does not let it sign ${subjectOf(certificate)}`;
      report('policy/subject-refused', index, message, 'GSI signing_policy');
    }
  }
}
