import { type LruCache, quote } from '../kit/index.ts';
import {
  type Certificate,
  describeProxy,
  endEntityOf,
  formatOneline,
  isSameName,
  type TrustStore,
} from '../x509/index.ts';
import type { AttributeCertificate } from './attribute-certificate.ts';
import { type Report, VOMS_REMEDIES, type VomsFinding } from './finding.ts';
import { VOMS } from './identifiers.ts';
import { attributeCertificatesOf, type CarriedAttributeCertificate } from './proxy-extension.ts';
import { checkServer } from './server-check.ts';
import type { VomsDirectory } from './voms-directory.ts';

/** What attribute certificates are validated for. */
export interface VomsValidationOptions {
  readonly vomsDirectory: VomsDirectory;
  readonly trust: TrustStore;
  readonly now: Date;
  /** Name of this host, for those that name targets; without it they fail. */
  readonly targetHost?: string;
  /** How far the clocks of server and host may be apart; default 300, as in the C library. */
  readonly clockSkewSeconds?: number;
  /** Refuse servers whose authority has no signing_policy; default true. */
  readonly requireSigningPolicy?: boolean;
  /** Remembers signatures on certificates that were found good; see `validatePath`. */
  readonly verified?: LruCache<string, true>;
}

/** The verdict on one attribute certificate. */
export interface VomsReport {
  /** True when there is no finding of severity `error`: only then its attributes are to be believed. */
  readonly ok: boolean;
  /** Undefined when it could not be read. */
  readonly certificate: AttributeCertificate | undefined;
  /** Of the proxy that carries it, the leaf being 0. */
  readonly proxyIndex: number;
  /** Everything that was found, errors first. */
  readonly findings: readonly VomsFinding[];
  /** The server's certificate, when the VOMS directory knows it. */
  readonly server: Certificate | undefined;
}

/**
 * Validates every attribute certificate of a chain (leaf first): who signed it, whose it is, when and where it holds (RFC 5755 §5,
 * and the rules of VOMS). Pure and synchronous. Never throws for what a peer sent, and never stops at the first fault.
 *
 * The chain is the `path` of a good report of `validatePath`, not the certificates as they were sent: among those that are not needed
 * may be anybody's. This says whose attributes these are, not who is there.
 */
export function validateAttributeCertificates(
  chain: readonly Certificate[],
  options: VomsValidationOptions,
): VomsReport[] {
  return attributeCertificatesOf(chain).map((carried) => judge(carried, chain, options));
}

/** The groups and roles that are proven, in order, each once: those of all reports that are `ok`. */
export function verifiedFqans(reports: readonly VomsReport[]): string[] {
  return [...new Set(reports.flatMap(({ ok, certificate }) => (ok ? (certificate?.fqans ?? []) : [])))];
}

/**
 * Validates one attribute certificate that is not in a proxy yet, as if it were in one made of `chain` (leaf first).
 * The same rules and promises as {@link validateAttributeCertificates}.
 */
export function validateAttributeCertificate(
  certificate: AttributeCertificate,
  chain: readonly Certificate[],
  options: VomsValidationOptions,
): VomsReport {
  const carried = { certificate, proxyIndex: 0, problem: undefined, isSuperseded: false };
  return judge(carried, chain, options);
}

function judge(
  carried: CarriedAttributeCertificate,
  chain: readonly Certificate[],
  options: VomsValidationOptions,
): VomsReport {
  const { certificate, proxyIndex, problem } = carried;
  const findings: VomsFinding[] = [];
  const report: Report = (code, message, rule, severity = 'error') => {
    findings.push({ code, message, rule, severity, remedy: VOMS_REMEDIES[code] });
  };
  let server: Certificate | undefined;
  if (certificate === undefined)
    report('ac/malformed', problem?.message ?? 'it cannot be read', 'RFC 5755 §4.1');
  else {
    checkPlace(carried, chain, report);
    checkValidity(certificate, options, report);
    checkHolder(certificate, chain, report);
    server = checkServer(certificate, options, report);
    checkTargets(certificate, options.targetHost, report);
    checkExtensions(certificate, report);
  }
  const errors = findings.filter(({ severity }) => severity === 'error');
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  return { ok: errors.length === 0, certificate, proxyIndex, findings: [...errors, ...warnings], server };
}

function checkPlace(
  carried: CarriedAttributeCertificate,
  chain: readonly Certificate[],
  report: Report,
): void {
  const { proxyIndex, isSuperseded } = carried;
  if (isSuperseded) {
    const message = `it is in the proxy at depth ${proxyIndex}, and one nearer to the end of the chain has attributes of its own`;
    report('ac/superseded', message, 'VOMS: the last proxy counts');
  }
  const own = chain.slice(0, proxyIndex).find((proxy) => !doesInherit(proxy));
  if (own !== undefined) {
    const message = `it belongs to whom the proxy ${nameOf(own)} is made for, and that one does not inherit its rights`;
    report('ac/not-inherited', message, 'RFC 3820 §3.8.2');
  }
}

function doesInherit(proxy: Certificate): boolean {
  try {
    const rights = describeProxy(proxy)?.rights;
    return rights === 'impersonation' || rights === 'limited';
  } catch {
    return false;
  }
}

function checkValidity(
  certificate: AttributeCertificate,
  options: VomsValidationOptions,
  report: Report,
): void {
  const { now, clockSkewSeconds = 300 } = options;
  const { notBefore, notAfter } = certificate;
  const skew = clockSkewSeconds * 1000;
  if (now.getTime() + skew < notBefore.getTime()) {
    const message = `the attributes of ${quote(certificate.vo)} hold from ${instant(notBefore)} on, and it is ${instant(now)}`;
    report('ac/not-yet-valid', message, 'RFC 5755 §4.2.6');
  }
  if (now.getTime() - skew >= notAfter.getTime()) {
    const message = `the attributes of ${quote(certificate.vo)} have expired at ${instant(notAfter)}, and it is ${instant(now)}`;
    report('ac/expired', message, 'RFC 5755 §4.2.6');
  }
}

function instant(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}

/** By serial number and a name of the holder's certificate: its issuer's, or its own, which many servers write. */
function checkHolder(certificate: AttributeCertificate, chain: readonly Certificate[], report: Report): void {
  const rule = 'RFC 5755 §4.2.2';
  const { certificate: wanted, entityNames } = certificate.holder;
  const holder = endEntityWithin(chain);
  if (holder === undefined) {
    report('ac/holder-mismatch', 'there is no certificate of a holder in the chain, only proxies', rule);
    return;
  }
  if (wanted !== undefined && wanted.serialNumber !== holder.serialNumber) {
    const message = `it is for the certificate with the serial number ${wanted.serialNumber.toString(16)} of ${quote(formatOneline(wanted.name))}, and the chain is that of ${nameOf(holder)} with ${holder.serialNumber.toString(16)}`;
    report('ac/holder-mismatch', message, rule);
  } else if (
    wanted !== undefined &&
    !isSameName(wanted.name, holder.issuer) &&
    !isSameName(wanted.name, holder.subject)
  ) {
    const message = `it is for a certificate of ${quote(formatOneline(wanted.name))}, and the chain is that of ${nameOf(holder)}`;
    report('ac/holder-mismatch', message, rule);
  }
  const isNamed = entityNames.some(
    (name) => name.type === 'directory' && isSameName(name.value, holder.subject),
  );
  if (entityNames.length > 0 && !isNamed)
    report('ac/holder-mismatch', `it names somebody else than ${nameOf(holder)} as its holder`, rule);
}

function endEntityWithin(chain: readonly Certificate[]): Certificate | undefined {
  try {
    return endEntityOf(chain);
  } catch {
    return undefined;
  }
}

function checkTargets(certificate: AttributeCertificate, host: string | undefined, report: Report): void {
  const { targets } = certificate;
  if (targets === undefined || (host !== undefined && targets.includes(host))) return;
  const list = targets.map((target) => quote(target)).join(', ');
  const here = host === undefined ? 'the name of this host is not known' : `this is ${quote(host)}`;
  report('ac/target-mismatch', `it is for ${list || 'no host at all'}, and ${here}`, 'RFC 5755 §4.3.2');
}

function checkExtensions(certificate: AttributeCertificate, report: Report): void {
  for (const { oid, critical } of certificate.extensions) {
    // All others are to be not critical (RFC 5755 §4.3), and the C and Java libraries refuse them when they are.
    if (critical && oid !== VOMS.targets)
      report('ac/extension-critical', `its extension ${oid} is critical`, 'RFC 5755 §4.3');
  }
  if (!certificate.hasNoRevocation)
    report(
      'ac/extension-missing',
      'it has no noRevAvail, so that it may have been revoked',
      'RFC 5755 §4.3.6',
    );
  if (certificate.authorityKeyIdentifier === undefined)
    report('ac/extension-missing', 'it has no authorityKeyIdentifier', 'RFC 5755 §4.3.3');
}

function nameOf(certificate: Certificate): string {
  return quote(formatOneline(certificate.subject), 300);
}
