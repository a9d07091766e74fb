import { basicConstraints } from './basic-constraints.ts';
import type { Certificate } from './certificate.ts';
import { findExtension } from './extension.ts';
import { appendedCommonName } from './name.ts';
import { DRAFT_PROXY_CERT_INFO, PROXY_CERT_INFO, readProxyCertInfo } from './proxy-cert-info.ts';
import type { ProxyRights, ProxyType } from './proxy-type.ts';

/** What the last common name of a legacy proxy means. */
const LEGACY_RIGHTS: ReadonlyMap<string, ProxyRights> = new Map([
  ['proxy', 'impersonation'],
  ['limited proxy', 'limited'],
]);

/**
 * What kind of proxy a certificate is; undefined when it is none. An RFC 3820 or draft proxy is known by its proxyCertInfo
 * extension, which must be critical (as the C tools want it, RFC 3820 §3.8); a legacy proxy by its subject being its issuer
 * and `CN=proxy` or `CN=limited proxy`. A CA certificate is never a proxy. Nothing is verified: see `validatePath`.
 *
 * @throws LatchkeyError `x509/malformed` when the extension cannot be read, or is there in both forms
 */
export function describeProxy(certificate: Certificate): ProxyType | undefined {
  if (basicConstraints(certificate)?.isCa === true) return undefined;
  const legacy = LEGACY_RIGHTS.get(appendedCommonName(certificate.subject, certificate.issuer) ?? '');
  const extension =
    findExtension(certificate, PROXY_CERT_INFO) ?? findExtension(certificate, DRAFT_PROXY_CERT_INFO);
  if (extension?.critical !== true) return legacy && { kind: 'legacy', rights: legacy };
  const type = readProxyCertInfo(certificate);
  // The C tools look at the name first: what they would call limited must not be more than that here.
  return legacy === 'limited' && type?.rights === 'impersonation' ? { ...type, rights: 'limited' } : type;
}

/** True when the subject is the issuer's name and one more RDN, a single CN, as every proxy's must be (RFC 3820 §3.4). */
export function hasProxyName(certificate: Certificate): boolean {
  return appendedCommonName(certificate.subject, certificate.issuer) !== undefined;
}
