import { formatPem } from '../asn1/index.ts';
import { formatCertificates, formatOneline, subjectHash, subjectHashOld } from '../x509/index.ts';
import type { CertificateAuthority } from './authority.ts';

/**
 * The files of a trust directory that make peers trust this authority for names in its namespace: certificate (`.0`),
 * signing policy and revocation list (`.r0`), each under OpenSSL's hash and under the one from before 1.0.0, which old Java
 * and Globus programs look for.
 *
 * @param crl DER, as of `createRevocationList`
 */
export function trustFiles(authority: CertificateAuthority, crl: Buffer): ReadonlyMap<string, Buffer> {
  const { certificate } = authority;
  const files = new Map<string, Buffer>();
  for (const hash of new Set([subjectHash(certificate.subject), subjectHashOld(certificate.subject)])) {
    files.set(`${hash}.0`, Buffer.from(formatCertificates([certificate])));
    files.set(`${hash}.signing_policy`, Buffer.from(signingPolicy(authority)));
    files.set(`${hash}.r0`, Buffer.from(formatPem('X509 CRL', crl)));
  }
  return files;
}

/** The EACL text that limits the authority to its own namespace. */
function signingPolicy(authority: CertificateAuthority): string {
  return `# This authority may only sign names of its own installation.
access_id_CA  X509    '${formatOneline(authority.certificate.subject)}'
pos_rights    globus  CA:sign
cond_subjects globus  '"${authority.namespace}/*"'
`;
}
