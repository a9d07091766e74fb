import { quote } from '../kit/index.ts';
import { basicConstraints } from './basic-constraints.ts';
import type { Certificate } from './certificate.ts';
import { describeProxy } from './describe-proxy.ts';
import { findExtension } from './extension.ts';
import { keyUsage } from './key-usage.ts';
import { formatOneline } from './name-oneline.ts';
import { attempt } from './path-attempt.ts';
import { type Report, subjectOf } from './path-finding.ts';
import { DRAFT_PROXY_CERT_INFO, PROXY_CERT_INFO } from './proxy-cert-info.ts';
import type { ProxyType } from './proxy-type.ts';
import { isSameName } from './subject-hash.ts';

/** What each certificate of a path is; undefined for those that are no proxies. */
export function proxyTypesOf(path: readonly Certificate[]): readonly (ProxyType | undefined)[] {
  return path.map((certificate) => attempt(() => describeProxy(certificate)));
}

/** The rules of RFC 3820 §4.1 for every proxy at the bottom of a path. */
export function checkProxies(
  path: readonly Certificate[],
  types: readonly (ProxyType | undefined)[],
  report: Report,
): void {
  for (const [index, certificate] of path.entries()) checkInfoIsCritical(certificate, index, report);
  for (const [index, certificate] of path.entries()) {
    const type = types[index];
    if (type === undefined) break;
    checkOne(certificate, index, type, report);
    const issuer = path[index + 1];
    if (issuer !== undefined) checkIssuer(certificate, index, type, issuer, types[index + 1], report);
  }
}

function checkOne(certificate: Certificate, index: number, type: ProxyType, report: Report): void {
  const subject = subjectOf(certificate);
  if (type.pathLength !== undefined && index > type.pathLength) {
    const message = `${index} proxies below ${subject}, which allows ${type.pathLength}`;
    report('proxy/path-length', index, message, 'RFC 3820 §3.8.1');
  }
  if (type.policy !== undefined) {
    const message = `the proxy ${subject} has a policy (language ${type.languageOid ?? 'unknown'}) that cannot be enforced here`;
    report('proxy/policy-restricted', index, message, 'RFC 3820 §3.8.2');
  }
  for (const [oid, name, rule] of [
    ['2.5.29.17', 'subjectAltName', 'RFC 3820 §3.5'],
    ['2.5.29.18', 'issuerAltName', 'RFC 3820 §3.2'],
  ] as const) {
    if (findExtension(certificate, oid) !== undefined) {
      report('proxy/alternative-name', index, `the proxy ${subject} has a ${name}`, rule);
    }
  }
  const usage = attempt(() => keyUsage(certificate));
  const wrong = (['keyCertSign', 'nonRepudiation'] as const).filter((bit) => usage?.has(bit));
  if (wrong.length > 0) {
    const message = `the proxy ${subject} has the key usage ${wrong.join(' and ')}, which no proxy should have`;
    // The C tools and OpenSSL look away; JGlobus refuses nonRepudiation. It gives no rights: basicConstraints rules.
    report('proxy/key-usage', index, message, 'RFC 3820 §3.6', 'warning');
  }
}

/** A certificate whose proxyCertInfo is not critical counts as no proxy at all; it must not count as anything else either. */
function checkInfoIsCritical(certificate: Certificate, index: number, report: Report): void {
  for (const oid of [PROXY_CERT_INFO, DRAFT_PROXY_CERT_INFO]) {
    if (findExtension(certificate, oid)?.critical !== false) continue;
    const message = `${subjectOf(certificate)} has a proxyCertInfo extension that is not critical`;
    report('proxy/info-not-critical', index, message, 'RFC 3820 §3.8');
  }
}

function checkIssuer(
  certificate: Certificate,
  index: number,
  type: ProxyType,
  issuer: Certificate,
  issuerType: ProxyType | undefined,
  report: Report,
): void {
  const subject = subjectOf(certificate);
  if (isAuthority(issuer)) {
    const message = `the proxy ${subject} was issued by an authority: only end entities and proxies issue proxies`;
    report('proxy/issuer-is-ca', index, message, 'RFC 3820 §3.1');
  }
  checkSubject(certificate, index, issuer, report);
  const usage = attempt(() => keyUsage(issuer));
  if (usage !== undefined && !usage.has('digitalSignature')) {
    const message = `${subjectOf(issuer)} issued a proxy without the key usage digitalSignature`;
    report('proxy/issuer-key-usage', index + 1, message, 'RFC 3820 §3.1');
  }
  if (issuerType === undefined) return;
  if (issuerType.kind !== type.kind) {
    const message = `the ${type.kind} proxy ${subject} was issued by a ${issuerType.kind} proxy`;
    report('proxy/kinds-mixed', index, message, 'GSI proxy kinds');
  }
  if (issuerType.rights === 'limited' && type.rights !== 'limited' && type.rights !== 'independent') {
    const message = `the proxy ${subject} has full rights, but was issued by a limited proxy`;
    report('proxy/limited-signs-full', index, message, 'GSI limited proxies');
  }
}

/** subject = issuer's subject and one more RDN of exactly one common name (RFC 3820 §3.4). */
function checkSubject(certificate: Certificate, index: number, issuer: Certificate, report: Report): void {
  const { rdns } = certificate.subject;
  const last = rdns[rdns.length - 1] ?? [];
  const parent = certificate.subject.rdns.slice(0, -1);
  if (last.length > 1) {
    const message = `the last part of the proxy's subject ${subjectOf(certificate)} has ${last.length} attributes`;
    report('proxy/subject-multi-valued', index, message, 'RFC 3820 §3.4');
  }
  const fits =
    parent.length === issuer.subject.rdns.length &&
    isSameName({ der: certificate.subject.der, rdns: parent }, { der: EMPTY, rdns: issuer.subject.rdns });
  if (!fits || last[0]?.type !== '2.5.4.3') {
    const expected = quote(`${formatOneline(issuer.subject)}/CN=…`, 300);
    const message = `the proxy's subject is ${subjectOf(certificate)} where ${expected} was expected`;
    report('proxy/subject-name', index, message, 'RFC 3820 §3.4');
  }
}

const EMPTY = Buffer.alloc(0);

function isAuthority(certificate: Certificate): boolean {
  return attempt(() => basicConstraints(certificate))?.isCa === true;
}
