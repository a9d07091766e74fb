import { type LruCache, quote } from '../kit/index.ts';
import type { Certificate } from './certificate.ts';
import type { Name } from './name.ts';
import { formatOneline } from './name-oneline.ts';
import { attempt } from './path-attempt.ts';
import { checkAuthorities } from './path-authorities.ts';
import { checkCertificates } from './path-certificates.ts';
import { type PathFinding, type PathFindingCode, type Report, subjectOf } from './path-finding.ts';
import { checkNamespaces } from './path-namespaces.ts';
import { checkProxies, proxyTypesOf } from './path-proxies.ts';
import { checkPurpose } from './path-purpose.ts';
import { checkRevocation } from './path-revocation.ts';
import { MAX_PATH_DEPTH, type PathCandidate, searchPaths } from './path-search.ts';
import { signatureChecker } from './path-signatures.ts';
import { identityOf } from './proxy-chain.ts';
import { subjectHash } from './subject-hash.ts';
import type { TrustStore } from './trust-store.ts';

/** What a path is validated for. */
export interface PathOptions {
  readonly trust: TrustStore;
  readonly now: Date;
  /** Refuse certificates whose authority has no signing_policy; default true, as in the C tools. */
  readonly requireSigningPolicy?: boolean;
  /** Also check that the end-entity certificate may be used by a TLS client or server. */
  readonly purpose?: 'client' | 'server';
  /** Remembers which signatures were found good, so that a chain seen before costs no public key operations. */
  readonly verified?: LruCache<string, true>;
}

/** The verdict on a chain, with everything that was found. */
export interface PathReport {
  /** True when there is no finding of severity `error`. */
  readonly ok: boolean;
  readonly findings: readonly PathFinding[];
  /** Leaf … root, as far as it could be built. */
  readonly path: readonly Certificate[];
  /** The first certificate of the path that is not a proxy. */
  readonly endEntity?: Certificate;
  /** Whom the chain speaks for: the end entity, or an independent or restricted proxy (an identity of its own). */
  readonly identity?: Name;
  readonly isLimited: boolean;
  /** When the first certificate of the path expires. */
  readonly expires?: Date;
}

/** Most certificates that are looked at; a chain that is longer is refused unseen. */
export const MAX_CHAIN_LENGTH = 32;

/**
 * Validates a chain of certificates that may contain proxies (RFC 5280 §6, RFC 3820 §4, GSI namespaces).
 * Pure and synchronous: no clock, no I/O. The first certificate is the leaf; the order of the others does not matter,
 * and those that are not needed are ignored. Never throws for what a peer sent: whatever is wrong is in the findings,
 * and where there are several ways to a root, the report is about the best one.
 */
export function validatePath(chain: readonly Certificate[], options: PathOptions): PathReport {
  const [leaf, ...pool] = chain;
  if (leaf === undefined) return refusal([], 'chain/empty', 'a chain without a certificate');
  if (chain.length > MAX_CHAIN_LENGTH) {
    const message = `a chain of ${chain.length} certificates, where ${MAX_CHAIN_LENGTH} are the limit`;
    return refusal([leaf], 'chain/too-long', message);
  }
  const signatures = signatureChecker(options.verified);
  let best: { report: PathReport; rank: number } | undefined;
  for (const candidate of searchPaths(leaf, pool, options.trust, signatures)) {
    const report = judge(candidate, options);
    if (report.ok) return report;
    const errors = report.findings.filter((finding) => finding.severity === 'error').length;
    const rank = (candidate.end === 'trusted' ? 1_000 : 0) - 30 * errors + candidate.certificates.length;
    if (best === undefined || rank > best.rank) best = { report, rank };
  }
  return best?.report ?? refusal([leaf], 'chain/search-limit', 'no way to a trusted root was found');
}

function refusal(path: readonly Certificate[], code: PathFindingCode, message: string): PathReport {
  const findings = [{ code, index: 0, message, rule: 'RFC 5280 §6.1', severity: 'error' }] as const;
  return { ok: false, findings, path, isLimited: false };
}

function judge(candidate: PathCandidate, options: PathOptions): PathReport {
  const { trust, now, requireSigningPolicy = true, purpose } = options;
  const path = candidate.certificates;
  const isRootTrusted = candidate.end === 'trusted';
  const findings: PathFinding[] = [];
  const report: Report = (code, index, message, rule, severity = 'error') => {
    findings.push({ code, index, message, rule, severity });
  };
  const types = proxyTypesOf(path);
  const firstOther = types.indexOf(undefined);
  const endEntityIndex = firstOther < 0 ? path.length : firstOther;

  reportEnd(candidate, report);
  reportSignatures(candidate, report);
  checkCertificates(path, now, isRootTrusted, report);
  checkAuthorities(path, endEntityIndex, isRootTrusted, report);
  checkProxies(path, types, report);
  checkRevocation(path, endEntityIndex, isRootTrusted, trust, now, report);
  checkNamespaces(path, endEntityIndex, trust, requireSigningPolicy, report);
  if (purpose !== undefined) checkPurpose(path, endEntityIndex, purpose, report);

  const endEntity = path[endEntityIndex];
  const identity = attempt(() => identityOf(path));
  const expires = path.reduce(
    (first, { notAfter }) => (notAfter < first ? notAfter : first),
    path[0]?.notAfter ?? now,
  );
  return {
    ok: !findings.some((finding) => finding.severity === 'error'),
    // Errors first, so that whoever shows only one finding shows what decided.
    findings: [...findings.filter(isError), ...findings.filter((finding) => !isError(finding))],
    path,
    ...(endEntity === undefined ? {} : { endEntity }),
    ...(identity === undefined ? {} : { identity }),
    isLimited: types.some((type) => type?.rights === 'limited'),
    expires,
  };
}

function isError(finding: PathFinding): boolean {
  return finding.severity === 'error';
}

function reportEnd({ end, certificates }: PathCandidate, report: Report): void {
  const index = certificates.length - 1;
  const last = certificates[index];
  if (end === 'trusted' || last === undefined) return;
  if (end === 'issuer-missing') {
    const issuer = quote(formatOneline(last.issuer), 300);
    const message = `the issuer ${issuer} of ${subjectOf(last)} is not among the trusted authorities (file ${subjectHash(last.issuer)}.0)`;
    report('trust/issuer-missing', index, message, 'RFC 5280 §6.1');
  } else if (end === 'root-untrusted') {
    const message = `${subjectOf(last)} is self-signed and not among the trusted authorities (file ${subjectHash(last.subject)}.0)`;
    report(index === 0 ? 'trust/leaf-self-signed' : 'trust/root-untrusted', index, message, 'RFC 5280 §6.1');
  } else {
    const message =
      end === 'too-deep'
        ? `more than ${MAX_PATH_DEPTH} certificates from ${subjectOf(certificates[0] ?? last)} to a root`
        : `the search for a way from ${subjectOf(certificates[0] ?? last)} to a trusted root was given up`;
    report(end === 'too-deep' ? 'chain/too-long' : 'chain/search-limit', index, message, 'RFC 5280 §6.1');
  }
}

function reportSignatures({ certificates, signatures }: PathCandidate, report: Report): void {
  for (const [index, verdict] of signatures.entries()) {
    const certificate = certificates[index];
    const issuer = certificates[index + 1];
    if (certificate === undefined || issuer === undefined) continue;
    if (verdict === 'unsupported') {
      const message = `the signature on the certificate of ${subjectOf(certificate)} uses the algorithm ${certificate.signatureAlgorithm}, which is not known here`;
      report('certificate/algorithm-unsupported', index, message, 'RFC 5280 §6.1.3 (a)(1)');
    }
    if (verdict !== 'bad') continue;
    const message = `the signature on the certificate of ${subjectOf(certificate)} is not that of ${subjectOf(issuer)}`;
    report('certificate/signature-invalid', index, message, 'RFC 5280 §6.1.3 (a)(1)');
  }
}
