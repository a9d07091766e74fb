import { basicConstraints } from './basic-constraints.ts';
import type { Certificate } from './certificate.ts';
import { keyUsage } from './key-usage.ts';
import { attempt } from './path-attempt.ts';
import { type Report, subjectOf } from './path-finding.ts';
import { isSameName } from './subject-hash.ts';

/**
 * The certificates above the end entity must be authorities: CA flag, key usage, path length (RFC 5280 §6.1.4 k–n).
 * Proxies do not count for the path length (RFC 3820 §4.1).
 *
 * @param endEntityIndex where the first certificate that is no proxy is
 * @param isRootTrusted whether the last certificate is a trusted root
 */
export function checkAuthorities(
  path: readonly Certificate[],
  endEntityIndex: number,
  isRootTrusted: boolean,
  report: Report,
): void {
  let intermediates = 0;
  for (let index = endEntityIndex + 1; index < path.length; index += 1) {
    const certificate = path[index];
    if (certificate === undefined) break;
    const constraints = attempt(() => basicConstraints(certificate));
    const isRoot = isRootTrusted && index === path.length - 1;
    // A trusted root is an authority by being trusted; old grid roots carry no basicConstraints.
    if (constraints === undefined ? !isRoot : !constraints.isCa) {
      const message = `${subjectOf(certificate)} issued a certificate but is no authority`;
      report('authority/not-a-ca', index, message, 'RFC 5280 §6.1.4 (k)');
    }
    const usage = attempt(() => keyUsage(certificate));
    if (usage !== undefined && !usage.has('keyCertSign')) {
      const message = `${subjectOf(certificate)} issued a certificate without the key usage keyCertSign`;
      report('authority/key-usage', index, message, 'RFC 5280 §6.1.4 (n)');
    }
    if (constraints?.pathLength !== undefined && intermediates > constraints.pathLength) {
      const message = `${intermediates} authorities below ${subjectOf(certificate)}, which allows ${constraints.pathLength}`;
      report('authority/path-length', index, message, 'RFC 5280 §6.1.4 (l, m)');
    }
    if (!isSameName(certificate.subject, certificate.issuer)) intermediates += 1;
  }
}
