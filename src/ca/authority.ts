import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import {
  buildCertificate,
  type Certificate,
  formatOneline,
  generateKeyPair,
  keySigner,
  type Name,
  parseOneline,
  type Signer,
} from '../x509/index.ts';
import { authorityProfile } from './profiles.ts';
import { spkiOf } from './public-key.ts';
import { randomSerialNumber } from './serial-number.ts';

/** A certificate authority that can sign: its certificate, its key, and the names it may give. */
export interface CertificateAuthority {
  readonly certificate: Certificate;
  readonly signer: Signer;
  /** Every subject it issues is below this one-line prefix, `/O=Latchkey 3f9a`; the signing policy says so. */
  readonly namespace: string;
}

/** What {@link createAuthority} may be told. */
export interface AuthorityOptions {
  readonly now: Date;
  /** Sets this installation's authority apart from every other; default four random hex digits. */
  readonly label?: string;
  /** Default 3650. */
  readonly lifetimeDays?: number;
  readonly signal?: AbortSignal;
}

/** The name that an authority of this installation carries. */
export function authorityName(label: string): Name {
  return parseOneline(`/O=Latchkey ${label}/CN=Latchkey CA ${label}`);
}

/** The namespace of a CA certificate made by {@link createAuthority}: its name without the last CN. */
export function namespaceOf(certificate: Certificate): string {
  return formatOneline(certificate.subject).replace(/\/CN=[^/]*$/, '');
}

/**
 * Makes a self-signed authority named as this installation's own, `/O=Latchkey 3f9a/CN=Latchkey CA 3f9a`.
 *
 * The key is RSA 3072, not EC: grid-proxy-init and myproxy-init 6.2 sign a proxy with the digest they read off the
 * signature of the user's certificate, and give up on ecdsa-with-SHA256 ("signing algorithm not supported"). What the
 * authority signs may have an EC key, if its peers can do that.
 */
export async function createAuthority(
  options: AuthorityOptions,
): Promise<{ authority: CertificateAuthority; privateKey: KeyObject }> {
  const { now, label = randomBytes(2).toString('hex'), lifetimeDays = 3650 } = options;
  const keys = await generateKeyPair({ type: 'rsa', bits: 3072 }, options.signal);
  const signer = keySigner(keys.privateKey);
  const name = authorityName(label);
  const certificate = await buildCertificate({
    subject: name,
    issuer: name,
    serialNumber: randomSerialNumber(),
    notBefore: new Date(now.getTime() - 5 * 60_000),
    notAfter: new Date(now.getTime() + lifetimeDays * 86_400_000),
    spki: spkiOf(keys.publicKey),
    extensions: authorityProfile(keys.publicKey),
    signer,
  });
  return {
    authority: { certificate, signer, namespace: namespaceOf(certificate) },
    privateKey: keys.privateKey,
  };
}
