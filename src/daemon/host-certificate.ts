import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { type CertificateAuthority, issueHostCertificate } from '../ca/index.ts';
import { runProgram, writeFileAtomic } from '../kit/index.ts';
import {
  type Certificate,
  formatCertificates,
  generateKeyPair,
  isSameKey,
  isSignedBy,
  parseCertificates,
  subjectAltNames,
} from '../x509/index.ts';
import type { StatePaths } from './state-directory.ts';

/** A host certificate is renewed when less is left; milliseconds. */
const RENEW_BEFORE_MS = 30 * 86_400_000;

/** How {@link openHostCertificate} names the host. */
export interface HostCertificateOptions {
  readonly now: Date;
  /** Names of the host besides the machine's own, `localhost` and the loopback addresses; the first becomes the CN. */
  readonly hostNames?: readonly string[] | undefined;
  /** Asked for the machine's full name when a certificate is issued; default the program `hostname -f`. */
  readonly fullName?: () => Promise<string | undefined>;
  readonly onBegin?: (what: string) => void;
  readonly signal?: AbortSignal;
}

/** The state's host certificate: the one that is there if it still serves, else a new one. */
export async function openHostCertificate(
  paths: StatePaths,
  authority: CertificateAuthority,
  options: HostCertificateOptions,
): Promise<{ certificate: Certificate; made: boolean; detail: string }> {
  const wanted = [...new Set([...(options.hostNames ?? []), hostname(), 'localhost'])];
  const present = await readHostCertificate(paths);
  if (present !== undefined && isUsable(present, authority, wanted, options.now)) {
    return {
      certificate: present,
      made: false,
      detail: `${dnsNames(present)}, until ${dayOf(present.notAfter)}`,
    };
  }
  options.onBegin?.('host certificate');
  const fullName = await (options.fullName ?? askFullName)();
  const names = [
    ...new Set([...(options.hostNames ?? []), ...(fullName === undefined ? [] : [fullName]), ...wanted]),
  ];
  // RSA, not EC: arcproxy 6.17 gives up on a server with an EC certificate in TLS 1.2 ("handshake failure").
  const keys = await generateKeyPair({ type: 'rsa', bits: 2048 }, options.signal);
  const certificate = await issueHostCertificate(authority, {
    publicKey: keys.publicKey,
    now: options.now,
    hostNames: [...names, '127.0.0.1', '::1'],
  });
  const keyPem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  // Key and certificate in one file each, as the C server wants them; the pair is checked together when it is read.
  await writeFileAtomic(paths.hostKey, keyPem, 0o600);
  await writeFileAtomic(paths.hostCertificate, formatCertificates([certificate]), 0o644);
  const until = dayOf(certificate.notAfter);
  const detail = `${dnsNames(certificate)}, ${present === undefined ? `until ${until}` : `renewed until ${until}`}`;
  return { certificate, made: true, detail };
}

/** The name under which other machines know this one, if it has one with a domain. */
async function askFullName(): Promise<string | undefined> {
  try {
    const { code, stdout } = await runProgram('hostname', ['-f'], { timeoutMs: 2000, maxOutputBytes: 1000 });
    const name = stdout.toString('latin1').trim();
    return code === 0 && /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(name) ? name : undefined;
  } catch {
    // No such program, or a name server that does not answer: the short name has to do.
    return undefined;
  }
}

async function readHostCertificate(paths: StatePaths): Promise<Certificate | undefined> {
  try {
    const [certificate] = parseCertificates(await readFile(paths.hostCertificate, 'utf8'));
    if (certificate === undefined) return undefined;
    const key = createPublicKey(createPrivateKey(await readFile(paths.hostKey, 'utf8')));
    return isSameKey(key, certificate.publicKey) ? certificate : undefined;
  } catch {
    // Missing or damaged: made anew from the authority, nothing is lost.
    return undefined;
  }
}

function isUsable(
  certificate: Certificate,
  authority: CertificateAuthority,
  names: readonly string[],
  now: Date,
): boolean {
  const known = new Set(
    subjectAltNames(certificate).flatMap((name) => (name.type === 'dns' ? [name.value.toLowerCase()] : [])),
  );
  return (
    certificate.notBefore <= now &&
    certificate.notAfter.getTime() - now.getTime() > RENEW_BEFORE_MS &&
    isSignedBy(certificate, authority.certificate) &&
    names.every((name) => known.has(name.toLowerCase()))
  );
}

function dnsNames(certificate: Certificate): string {
  const names = subjectAltNames(certificate).flatMap((name) => (name.type === 'dns' ? [name.value] : []));
  return names.join(', ');
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
