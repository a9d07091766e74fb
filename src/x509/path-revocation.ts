import { quote } from '../kit/index.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { keyUsage } from './key-usage.ts';
import { formatOneline } from './name-oneline.ts';
import { attempt } from './path-attempt.ts';
import { type Report, subjectOf } from './path-finding.ts';
import { isCrlSignedBy } from './path-signatures.ts';
import { isSameName } from './subject-hash.ts';
import type { TrustStore } from './trust-store.ts';

/**
 * Revocation by the CRLs at hand (RFC 5280 §6.3), for every certificate that is no proxy, the root included. An authority
 * without a CRL is not asked for one; a CRL that is there must be signed, begun and not expired, as in the C tools.
 */
export function checkRevocation(
  path: readonly Certificate[],
  endEntityIndex: number,
  isRootTrusted: boolean,
  trust: TrustStore,
  now: Date,
  report: Report,
): void {
  for (let index = endEntityIndex; index < path.length; index += 1) {
    const certificate = path[index];
    if (certificate === undefined) break;
    const isRoot = index === path.length - 1;
    const issuer = isRoot ? (isRootTrusted ? certificate : undefined) : path[index + 1];
    if (issuer !== undefined) checkOne(certificate, index, issuer, trust, now, report);
  }
}

function checkOne(
  certificate: Certificate,
  index: number,
  issuer: Certificate,
  trust: TrustStore,
  now: Date,
  report: Report,
): void {
  const published = trust.crls(issuer);
  if (published.length === 0) return;
  const by = quote(formatOneline(issuer.subject), 300);
  // After a key roll-over the CRL may be signed with another trusted key of the same authority.
  const signers = [
    issuer,
    ...trust.issuers(issuer.subject).filter((other) => isSameName(other.issuer, other.subject)),
  ];
  const genuine = published.filter((crl) => signers.some((signer) => isCrlSignedBy(crl, signer)));
  for (const crl of genuine) {
    const revokedAt = lookUp(crl, certificate.serialNumber);
    if (revokedAt !== undefined) {
      const message = `the certificate of ${subjectOf(certificate)} (serial ${certificate.serialNumber}) was revoked at ${revokedAt} by ${by}`;
      report('crl/revoked', index, message, 'RFC 5280 §6.3.3');
      return;
    }
  }
  const faults = genuine.map((crl) => faultOf(crl, now));
  if (faults.includes(undefined)) {
    const usage = attempt(() => keyUsage(issuer));
    if (usage !== undefined && !usage.has('cRLSign')) {
      const message = `${by} signed a CRL without the key usage cRLSign`;
      // The authority's own key made it, and the C tools do not look: no reason to lock people out.
      report('crl/issuer-key-usage', index, message, 'RFC 5280 §6.3.3 (f)', 'warning');
    }
    return;
  }
  const [fault] = faults;
  if (fault === undefined) {
    const message = `no CRL of ${by} carries its signature, so ${subjectOf(certificate)} cannot be checked`;
    report('crl/signature-invalid', index, message, 'RFC 5280 §6.3.3 (g)');
  } else {
    report(
      fault.code,
      index,
      `the CRL of ${by} ${fault.what}, so ${subjectOf(certificate)} cannot be checked`,
      'RFC 5280 §6.3.3',
    );
  }
}

const REMOVE_FROM_CRL = 8;

/** When the certificate was revoked, if it was. An entry that cannot be read is an entry all the same. */
function lookUp(crl: Crl, serialNumber: bigint): string | undefined {
  try {
    const entry = crl.revoked(serialNumber);
    return entry === undefined || entry.reason === REMOVE_FROM_CRL
      ? undefined
      : entry.revokedAt.toISOString();
  } catch {
    return 'an unknown time';
  }
}

/** The CRL number and the authority key identifier may be critical; what narrows a CRL's scope may not be ignored. */
const KNOWN_CRL_EXTENSIONS = new Set(['2.5.29.20', '2.5.29.35']);

function faultOf(
  crl: Crl,
  now: Date,
): { code: 'crl/expired' | 'crl/not-yet-valid' | 'crl/extension-unknown'; what: string } | undefined {
  if (now < crl.thisUpdate)
    return { code: 'crl/not-yet-valid', what: `begins at ${crl.thisUpdate.toISOString()}` };
  if (crl.nextUpdate !== undefined && now >= crl.nextUpdate) {
    return { code: 'crl/expired', what: `has expired at ${crl.nextUpdate.toISOString()}` };
  }
  const unknown = crl.extensions.find(({ oid, critical }) => critical && !KNOWN_CRL_EXTENSIONS.has(oid));
  if (unknown === undefined) return undefined;
  return {
    code: 'crl/extension-unknown',
    what: `has the critical extension ${unknown.oid}, which is not known here`,
  };
}
