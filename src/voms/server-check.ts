import { readOctetString, readOnly } from '../asn1/index.ts';
import { isLatchkeyError, quote } from '../kit/index.ts';
import {
  type Certificate,
  describeProxy,
  formatOneline,
  isSameName,
  signatureDigest,
  subjectKeyIdentifier,
  subjectKeyIdentifierExtension,
  validatePath,
  verifySignature,
} from '../x509/index.ts';
import type { AttributeCertificate } from './attribute-certificate.ts';
import type { Report } from './finding.ts';
import { matchesLscChain } from './lsc-file.ts';
import type { VomsValidationOptions } from './validation.ts';

/**
 * Finds the certificate of the server that an attribute certificate claims to be from, and checks that it is trusted and signed it.
 *
 * Where there is an LSC file it decides, about the certificates that the server sent; where there is none, a certificate in the
 * directory of the organization does.
 *
 * @returns the server's certificate when the VOMS directory knows it
 */
export function checkServer(
  certificate: AttributeCertificate,
  options: VomsValidationOptions,
  report: Report,
): Certificate | undefined {
  const known = findServer(certificate, options, report);
  const server = known ?? certificate.issuerCertificates[0];
  if (server === undefined) return undefined;
  if (!isSameName(certificate.issuer, server.subject)) {
    const message = `it is issued by ${oneline(certificate.issuer)}, and the certificate with it is that of ${oneline(server.subject)}`;
    report('ac/issuer-mismatch', message, 'RFC 5755 §4.2.3');
  }
  checkSignature(certificate, server, report);
  checkKeyIdentifier(certificate, server, report);
  if (known !== undefined) checkPath(known, certificate, options, report);
  return known;
}

const SERVER_RULE = 'VOMS: the directory of servers';

function findServer(
  certificate: AttributeCertificate,
  { vomsDirectory }: VomsValidationOptions,
  report: Report,
): Certificate | undefined {
  const { vo, host, issuer, issuerCertificates } = certificate;
  const chains = vomsDirectory.chains(vo, host);
  const [sent] = issuerCertificates;
  if (chains !== undefined && sent !== undefined) {
    if (chains.some((chain) => matchesLscChain(issuerCertificates, chain))) return sent;
    const names = issuerCertificates.map(
      ({ subject, issuer: by }) => `${oneline(subject)} by ${oneline(by)}`,
    );
    const message = `none of the ${chains.length} chains of ${vo}/${host}.lsc is ${names.join(', ')}`;
    report('ac/lsc-mismatch', message, SERVER_RULE);
    return undefined;
  }
  const candidates = vomsDirectory.certificates(vo).filter(({ subject }) => isSameName(subject, issuer));
  const server = candidates.find((candidate) => isSignedBy(certificate, candidate) === true) ?? candidates[0];
  if (server === undefined) {
    const message = `there is neither an LSC file ${vo}/${host}.lsc nor a certificate of ${oneline(issuer)} in the VOMS directory`;
    report('ac/server-unknown', message, SERVER_RULE);
  }
  return server;
}

function checkSignature(certificate: AttributeCertificate, server: Certificate, report: Report): void {
  const rule = 'RFC 5755 §5 (1)';
  const verdict = isSignedBy(certificate, server);
  if (verdict === 'unsupported') {
    const message = `its signature algorithm ${certificate.signatureAlgorithm} is not known here`;
    report('ac/algorithm-unsupported', message, rule);
  } else if (!verdict) {
    report('ac/signature-invalid', `its signature is not that of ${oneline(server.subject)}`, rule);
  } else if (signatureDigest(certificate) === 'sha1') {
    report('ac/algorithm-aging', 'its signature uses SHA-1', 'NIST SP 800-131A', 'warning');
  }
}

function isSignedBy(certificate: AttributeCertificate, server: Certificate): boolean | 'unsupported' {
  try {
    return verifySignature(certificate, server.publicKey);
  } catch (error) {
    if (isLatchkeyError(error, 'x509/algorithm-unsupported')) return 'unsupported';
    if (isLatchkeyError(error)) return false;
    throw error;
  }
}

/** The identifier is the certificate's own, or the hash of its key: servers do either. */
function checkKeyIdentifier(certificate: AttributeCertificate, server: Certificate, report: Report): void {
  const wanted = certificate.authorityKeyIdentifier;
  if (wanted === undefined) return;
  const hash = readOctetString(readOnly(subjectKeyIdentifierExtension(server.spki).value));
  let own: Buffer | undefined;
  try {
    own = subjectKeyIdentifier(server);
  } catch {
    // Reported with the path.
  }
  if (wanted.equals(hash) || own?.equals(wanted) === true) return;
  const message = `its authorityKeyIdentifier is not that of the key of ${oneline(server.subject)}`;
  report('ac/key-identifier', message, 'RFC 5755 §4.3.3');
}

function checkPath(
  server: Certificate,
  certificate: AttributeCertificate,
  options: VomsValidationOptions,
  report: Report,
): void {
  const { trust, now, requireSigningPolicy = true, verified } = options;
  const chain = [server, ...certificate.issuerCertificates.filter(({ der }) => !der.equals(server.der))];
  const path = validatePath(chain, {
    trust,
    now,
    requireSigningPolicy,
    ...(verified === undefined ? {} : { verified }),
  });
  for (const finding of path.findings) {
    if (finding.severity !== 'error') continue;
    report('ac/server-untrusted', `its server is not trusted: ${finding.message}`, finding.rule);
  }
  if (path.ok && isProxy(server))
    report('ac/server-untrusted', `its server ${oneline(server.subject)} is a proxy`, 'RFC 5755 §4.5');
}

function isProxy(certificate: Certificate): boolean {
  return describeProxy(certificate) !== undefined;
}

function oneline(name: Certificate['subject']): string {
  return quote(formatOneline(name), 300);
}
