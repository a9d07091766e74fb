import type { X509Certificate } from 'node:crypto';
import { formatCertificates } from './certificate.ts';
import type { Credential } from './credential.ts';

/** Certificates that are looked at, at most: the other side may send any number. */
const MAX_CHAIN = 128;

/**
 * The certificates that the other side of a TLS connection sent, as DER and in their order, unchecked. Node's `getPeerCertificate(true)`
 * would lose the part after a legacy or draft proxy; these links do not.
 *
 * @param first what `getPeerX509Certificate()` returned. Asked once: every call makes a new object, with its own copy of the chain
 */
export function sentChain(first: X509Certificate | undefined): Buffer[] {
  const chain: Buffer[] = [];
  let certificate = first;
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(certificate.raw);
    const next: X509Certificate | undefined = certificate.issuerCertificate;
    certificate = next === certificate ? undefined : next;
  }
  return chain;
}

/** A credential as Node's TLS takes it. The whole chain goes along: of a proxy's, the other side has no more than the authority at its end. */
export function tlsIdentity({ chain, privateKey }: Credential): {
  readonly cert: string;
  readonly key: string;
} {
  return {
    cert: formatCertificates(chain),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
