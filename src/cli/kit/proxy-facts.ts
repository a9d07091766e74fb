import {
  type Certificate,
  type Credential,
  describeProxy,
  formatCertificates,
  formatOneline,
  formatRfc4514,
  identityOf,
  type Name,
  type ProxyKind,
} from '../../x509/index.ts';

/** What grid-proxy-info prints of a proxy. */
export interface ProxyFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly identity: string;
  readonly type: string;
  /** Size of the key. */
  readonly bits: number;
  /** The certificate for people. */
  text(): string;
}

/** @param isRfc2253 names as `CN=…,O=…` instead of `/O=…/CN=…` */
export function describeFacts(credential: Credential, isRfc2253: boolean): ProxyFacts {
  const [leaf] = credential.chain;
  if (leaf === undefined) throw new TypeError('a credential has at least one certificate');
  const format = (name: Name): string => (isRfc2253 ? formatRfc4514(name) : formatOneline(name));
  return {
    subject: format(leaf.subject),
    issuer: format(leaf.issuer),
    identity: format(identityOf(credential.chain) ?? leaf.subject),
    type: proxyTypeName(leaf),
    bits: keyBits(leaf),
    text: () => certificateText(leaf),
  };
}

const KIND_NAMES: Readonly<Record<Exclude<ProxyKind, 'legacy'>, string>> = {
  rfc3820: 'RFC 3820 compliant',
  draft: 'Proxy draft (pre-RFC) compliant',
};

/** The kind of proxy in the words scripts look for (`legacy`, `RFC 3820 compliant`, `limited`). */
function proxyTypeName(certificate: Certificate): string {
  const type = describeProxy(certificate);
  if (type === undefined) return 'end entity credential';
  if (type.kind === 'legacy') return `${type.rights === 'limited' ? 'limited' : 'full'} legacy globus proxy`;
  return `${KIND_NAMES[type.kind]} ${type.rights} proxy`;
}

function keyBits(certificate: Certificate): number {
  const details = certificate.publicKey.asymmetricKeyDetails;
  if (details?.modulusLength !== undefined) return details.modulusLength;
  return details?.namedCurve === 'secp384r1' ? 384 : 256;
}

/** A certificate for people: what the `-text` options print. */
export function certificateText(certificate: Certificate): string {
  const rows = [
    ['Serial Number', certificate.serialNumber.toString()],
    ['Issuer', formatOneline(certificate.issuer)],
    ['Not Before', certificate.notBefore.toUTCString()],
    ['Not After ', certificate.notAfter.toUTCString()],
    ['Subject', formatOneline(certificate.subject)],
    ['Type', proxyTypeName(certificate)],
    ['Public Key', `${certificate.publicKey.asymmetricKeyType ?? 'unknown'}, ${keyBits(certificate)} bit`],
    ['Signature Algorithm', certificate.signatureAlgorithm],
    ...certificate.extensions.map(({ oid, critical, value }) => [
      `Extension ${oid}${critical ? ' critical' : ''}`,
      value.toString('hex'),
    ]),
  ];
  const lines = rows.map(([label, value]) => `    ${label}: ${value}`);
  return ['Certificate:', ...lines, formatCertificates([certificate]).trimEnd()].join('\n');
}
