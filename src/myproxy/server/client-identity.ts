import { ANONYMOUS_DN, type ClientIdentity } from '../../repository/index.ts';
import { type VomsReport, validateAttributeCertificates, verifiedFqans } from '../../voms/index.ts';
import {
  type Certificate,
  formatOneline,
  hasUniqueOneline,
  type PathReport,
  parseCertificate,
} from '../../x509/index.ts';
import type { PeerInfo } from '../wire/wire.ts';
import { explainPath } from './explain-path.ts';
import { opensslWords } from './openssl-words.ts';
import { refusal } from './refusal.ts';
import type { MyProxyService } from './service.ts';

const MAX_CERTIFICATES = 100;

/**
 * Who the client is: its validated chain's identity, or `<anonymous>` when it sent no certificate.
 *
 * @param validate the service's path validation for client chains
 * @param attributesOf the verdicts on the VOMS attributes of a chain that validated; those that are not good are left out
 * @throws LatchkeyError with refusal lines `authentication failed` and why, when the chain does not validate
 */
export function identifyClient(
  peer: PeerInfo,
  validate: (chain: readonly Certificate[]) => PathReport,
  attributesOf: (chain: readonly Certificate[]) => readonly VomsReport[] = () => [],
): ClientIdentity {
  if (peer.certificates.length === 0) return { dn: ANONYMOUS_DN, fqans: [], isLimited: false };
  if (peer.certificates.length > MAX_CERTIFICATES) {
    throw refusal([
      'authentication failed',
      `your certificate chain has more than ${MAX_CERTIFICATES} certificates`,
    ]);
  }
  const chain = peer.certificates.map((der) => parseClientCertificate(der));
  const report = validate(chain);
  if (!report.ok || report.identity === undefined) {
    throw refusal([
      'authentication failed',
      `your certificate was not accepted: ${opensslWords(report) ?? 'it has no identity'}`,
      ...explainPath(report),
    ]);
  }
  // Owners and policies are one-line text: a name that reads as somebody else's must not get that far.
  if (!hasUniqueOneline(report.identity)) {
    throw refusal([
      'authentication failed',
      `your name has characters that make it read as another one: ${formatOneline(report.identity)}`,
    ]);
  }
  // The path, not what was sent: what is not on it proves nothing.
  const fqans = verifiedFqans(attributesOf(report.path));
  return { dn: formatOneline(report.identity), fqans, isLimited: report.isLimited };
}

/**
 * Judges the VOMS attributes of a client whose chain has been validated. The C server passes silently over those that do not verify;
 * here the log says why they do not count.
 */
export function clientAttributes(
  chain: readonly Certificate[],
  { voms, trust, clock }: Pick<MyProxyService, 'voms' | 'trust' | 'clock'>,
  log: (line: string) => void,
): readonly VomsReport[] {
  if (voms === undefined) return [];
  const reports = validateAttributeCertificates(chain, {
    vomsDirectory: voms.directory,
    trust,
    now: clock.now(),
    targetHost: voms.host,
  });
  for (const { ok, certificate, findings } of reports) {
    if (ok) log(`VOMS attributes of the client: ${certificate?.fqans.join(' ')}`);
    else log(`VOMS attributes do not count: ${findings.map(({ message }) => message).join('; ')}`);
  }
  return reports;
}

function parseClientCertificate(der: Buffer): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refusal(['authentication failed', 'your certificate could not be read'], why, 'x509/malformed');
  }
}
