import { ANONYMOUS_DN, type ClientIdentity } from '../../repository/index.ts';
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

const MAX_CERTIFICATES = 100;

/**
 * Who the client is: its validated chain's identity, or `<anonymous>` when it sent no certificate.
 *
 * @param validate the service's path validation for client chains
 * @throws LatchkeyError with refusal lines `authentication failed` and why, when the chain does not validate
 */
export function identifyClient(
  peer: PeerInfo,
  validate: (chain: readonly Certificate[]) => PathReport,
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
  return { dn: formatOneline(report.identity), fqans: [], isLimited: report.isLimited };
}

function parseClientCertificate(der: Buffer): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refusal(['authentication failed', 'your certificate could not be read'], why, 'x509/malformed');
  }
}
