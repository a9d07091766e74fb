import { randomBytes } from 'node:crypto';
import {
  basicConstraintsExtension,
  buildCertificate,
  type Extension,
  formatCertificates,
  generateKeyPair,
  keySigner,
  keyUsageExtension,
  parseOneline,
  subjectAltNameExtension,
  subjectKeyIdentifierExtension,
} from '../../src/x509/index.ts';

/** A host certificate for the loopback address and the authority that signed it, PEM; made in some milliseconds, for tests. */
export interface LoopbackCertificate {
  readonly ca: string;
  readonly certificate: string;
  /** PKCS#8. */
  readonly key: string;
}

/** Makes an authority and a certificate for `localhost`, 127.0.0.1 and ::1 (EC P-256, one day). */
export async function loopbackCertificate(): Promise<LoopbackCertificate> {
  const [authority, host] = await Promise.all([
    generateKeyPair({ type: 'ec' }),
    generateKeyPair({ type: 'ec' }),
  ]);
  const label = randomBytes(3).toString('hex');
  const issuer = parseOneline(`/O=Latchkey test ${label}/CN=Test CA ${label}`);
  const signer = keySigner(authority.privateKey);
  const issue = (name: string, key: typeof host, extensions: readonly Extension[]) => {
    const spki = key.publicKey.export({ type: 'spki', format: 'der' });
    return buildCertificate({
      subject: parseOneline(name),
      issuer,
      serialNumber: BigInt(`0x4${randomBytes(7).toString('hex')}`),
      notBefore: new Date(Date.now() - 3_600_000),
      notAfter: new Date(Date.now() + 86_400_000),
      spki,
      extensions: [...extensions, subjectKeyIdentifierExtension(spki)],
      signer,
    });
  };
  const ca = await issue(`/O=Latchkey test ${label}/CN=Test CA ${label}`, authority, [
    basicConstraintsExtension({ isCa: true }),
    keyUsageExtension(['keyCertSign', 'cRLSign']),
  ]);
  const certificate = await issue(`/O=Latchkey test ${label}/CN=localhost`, host, [
    basicConstraintsExtension({ isCa: false }),
    keyUsageExtension(['digitalSignature']),
    subjectAltNameExtension([
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ]),
  ]);
  return {
    ca: formatCertificates([ca]),
    certificate: formatCertificates([certificate]),
    key: host.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
