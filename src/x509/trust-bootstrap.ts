import { LatchkeyError } from '../kit/index.ts';
import { basicConstraints } from './basic-constraints.ts';
import { type Certificate, formatCertificates } from './certificate.ts';
import { formatOneline } from './name-oneline.ts';
import { formatSigningPolicy } from './signing-policy.ts';
import { isSameName, subjectHash, subjectHashOld } from './subject-hash.ts';

/**
 * The trust directory files that bootstrap makes of the chain a server sent (trust on first use): for each authority
 * above the leaf its certificate under both hashes, and a signing_policy that allows no more than the one name below it.
 * Certificates that are no authorities (the end entity below a proxy) are left out; the C client writes them too.
 *
 * @throws LatchkeyError `x509/trust-refused` when the chain holds no authority, or a name that a policy cannot express
 */
export function trustRootsOfChain(chain: readonly Certificate[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const [index, certificate] of chain.entries()) {
    const below = chain[index - 1];
    if (below === undefined || !isAuthority(certificate) || !isSameName(below.issuer, certificate.subject))
      continue;
    const subject = formatOneline(below.subject);
    if (subject.includes('*')) {
      throw new LatchkeyError('x509/trust-refused', `a certificate whose name has a star: "${subject}"`, {
        hint: 'a signing policy would take the star for a wildcard; install the trust roots by hand',
      });
    }
    const pem = Buffer.from(formatCertificates([certificate]));
    const policy = formatSigningPolicy({
      authority: formatOneline(certificate.subject),
      subjects: [subject],
    });
    for (const hash of [subjectHash(certificate.subject), subjectHashOld(certificate.subject)]) {
      files.set(`${hash}.0`, pem);
      files.set(`${hash}.signing_policy`, Buffer.from(policy));
    }
  }
  if (files.size === 0) {
    throw new LatchkeyError('x509/trust-refused', 'the server sent no certificate of an authority', {
      hint: 'ask its operator for the trust roots, or to add the authority to the chain that the server sends',
    });
  }
  return files;
}

function isAuthority(certificate: Certificate): boolean {
  const constraints = basicConstraints(certificate);
  return constraints?.isCa ?? isSameName(certificate.subject, certificate.issuer);
}
