// No tests here: the authority, users and proxies that the tests of this folder are about.
import { randomBytes } from 'node:crypto';
import {
  basicConstraintsExtension,
  buildCertificate,
  type Certificate,
  type CertificateFields,
  type Extension,
  encodePublicKey,
  generateKeyPair,
  issueProxy,
  type KeyAlgorithm,
  type KeyPair,
  keySigner,
  keyUsageExtension,
  type ProxyFields,
  parseOneline,
} from './index.ts';

/** A certificate and its keys. */
export interface Holder extends KeyPair {
  readonly certificate: Certificate;
}

export const NOW: Date = new Date('2026-03-01T12:00:00Z');
export const DAY_MS = 86_400_000;

const EC: KeyAlgorithm = { type: 'ec' };

/** A self-signed CA, `/O=Grid/CN=Test CA`. */
export async function makeAuthority(algorithm: KeyAlgorithm = EC): Promise<Holder> {
  const keys = await generateKeyPair(algorithm);
  const subject = parseOneline('/O=Grid/CN=Test CA');
  const certificate = await buildCertificate({
    ...lifetime(3650),
    subject,
    issuer: subject,
    serialNumber: 1n,
    spki: encodePublicKey(keys.publicKey),
    extensions: [basicConstraintsExtension({ isCa: true }), keyUsageExtension(['keyCertSign', 'cRLSign'])],
    signer: keySigner(keys.privateKey),
  });
  return { ...keys, certificate };
}

/** What {@link makeUser} varies. */
export interface UserOptions extends Partial<CertificateFields> {
  readonly algorithm?: KeyAlgorithm;
}

/** An end entity below the CA, `/O=Grid/CN=Jane User` with a year to live unless told otherwise. */
export async function makeUser(authority: Holder, options: UserOptions = {}): Promise<Holder> {
  const { algorithm = EC, ...fields } = options;
  const keys = await generateKeyPair(algorithm);
  const extensions: readonly Extension[] = [keyUsageExtension(['digitalSignature', 'keyEncipherment'])];
  const certificate = await buildCertificate({
    ...lifetime(365),
    subject: parseOneline('/O=Grid/CN=Jane User'),
    issuer: authority.certificate.subject,
    serialNumber: BigInt(`0x${randomBytes(8).toString('hex')}`),
    spki: encodePublicKey(keys.publicKey),
    extensions,
    signer: keySigner(authority.privateKey),
    ...fields,
  });
  return { ...keys, certificate };
}

/** A proxy below `issuer`, of twelve hours unless told otherwise. */
export async function makeProxy(issuer: Holder, fields: Partial<ProxyFields> = {}): Promise<Holder> {
  const keys = await generateKeyPair(EC);
  const certificate = await issueProxy({
    issuer: issuer.certificate,
    signer: keySigner(issuer.privateKey),
    publicKey: keys.publicKey,
    lifetimeSeconds: 43_200,
    now: NOW,
    ...fields,
  });
  return { ...keys, certificate };
}

function lifetime(days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(NOW.getTime() - DAY_MS), notAfter: new Date(NOW.getTime() + days * DAY_MS) };
}
