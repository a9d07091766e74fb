import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { parsePem } from '../asn1/index.ts';
import {
  type CertificateAuthority,
  createAuthority,
  createRevocationList,
  issueHostCertificate,
  readAuthority,
  readRevocations,
  trustFiles,
  writeAuthority,
} from '../ca/index.ts';
import { isLatchkeyError, LatchkeyError, quote, runProgram, writeFileAtomic } from '../kit/index.ts';
import {
  type Certificate,
  formatCertificates,
  generateKeyPair,
  isSignedBy,
  parseCertificates,
  parseCrl,
  subjectAltNames,
} from '../x509/index.ts';
import { sampleSettings } from './sample-settings.ts';
import { type StatePaths, statePaths } from './state-directory.ts';

/** One thing that is ready now. */
export interface StateStep {
  readonly name: 'authority' | 'host certificate' | 'trust directory' | 'store' | 'settings';
  /** True when it was made or renewed at this start. */
  readonly made: boolean;
  /** What it is, in a few words. */
  readonly detail: string;
}

/** How {@link openState} goes about it. */
export interface OpenStateOptions {
  readonly now: Date;
  /** Names of the host besides the machine's own, `localhost` and the loopback addresses; the first becomes the CN. */
  readonly hostNames?: readonly string[] | undefined;
  /** Asked for the machine's full name when a certificate is issued; default the program `hostname -f`. */
  readonly fullName?: () => Promise<string | undefined>;
  /** Told what is being made, before it is: it may take seconds. */
  readonly onBegin?: (what: string) => void;
  readonly onStep?: (step: StateStep) => void;
  readonly signal?: AbortSignal;
}

/** An installation that is ready to serve. */
export interface OpenedState {
  readonly paths: StatePaths;
  /** True at the very first start. */
  readonly isNew: boolean;
  readonly authority: CertificateAuthority;
  readonly hostCertificate: Certificate;
}

/** A host certificate is renewed when less is left; seconds. */
const RENEW_BEFORE_MS = 30 * 86_400_000;
/** A revocation list is written anew when it is older; its own life is a year. */
const REFRESH_CRL_MS = 7 * 86_400_000;

/**
 * Makes a state directory whole, or checks the one that is there: authority, host certificate (renewed when it ends within 30
 * days, or the machine has another name), trust directory with a fresh revocation list, store, and a commented
 * `latchkey.toml`. What exists is left as it is. Every file appears at once and whole, so that a crash can be repeated.
 */
export async function openState(directory: string, options: OpenStateOptions): Promise<OpenedState> {
  const { onBegin = () => {}, onStep = () => {} } = options;
  const paths = statePaths(directory);
  await makeDirectories(paths);
  const existing = await readAuthority(paths.authority);
  if (existing === undefined) onBegin("this installation's own CA");
  const authority = existing ?? (await makeAuthority(paths, options));
  onStep({ name: 'authority', made: existing === undefined, detail: describeAuthority(authority) });

  const host = await hostCertificate(paths, authority, options);
  onStep({ name: 'host certificate', made: host.made, detail: host.detail });

  const madeTrust = await refreshTrust(paths, authority, options.now);
  onStep({ name: 'trust directory', made: madeTrust, detail: paths.trust });

  const madeSettings = await writeOnce(paths.settings, sampleSettings(authority.namespace), 0o644);
  onStep({ name: 'settings', made: madeSettings, detail: paths.settings });
  return { paths, isNew: existing === undefined, authority, hostCertificate: host.certificate };
}

/** Writes the trust directory's files when they are missing, stale or changed; true when it did. Call it after a revocation. */
export async function refreshTrust(
  paths: StatePaths,
  authority: CertificateAuthority,
  now: Date,
  { force = false } = {},
): Promise<boolean> {
  if (!force && (await isTrustFresh(paths, authority, now))) return false;
  const crl = await createRevocationList(authority, { revoked: await readRevocations(paths.authority), now });
  for (const [name, contents] of trustFiles(authority, crl)) {
    await writeFileAtomic(join(paths.trust, name), contents, 0o644);
  }
  return true;
}

/** The state directory itself may be entered by everybody, for the trust directory in it; what is private is closed by itself. */
async function makeDirectories(paths: StatePaths): Promise<void> {
  const isMade = (await mkdir(paths.directory, { recursive: true })) !== undefined;
  if (isMade) await chmod(paths.directory, 0o755);
  else await checkDirectory(paths);
  // The directory often lies in a working copy: its keys must not be committed by mistake.
  await writeOnce(join(paths.directory, '.gitignore'), '*\n', 0o644);
  for (const path of [paths.store, paths.users, dirname(paths.hostKey)]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  }
  await mkdir(paths.trust, { recursive: true });
  await chmod(paths.trust, 0o755);
}

/** What a start that was interrupted may have left before there was an authority. */
const BEGINNINGS = /^(\.gitignore|host|store|trust|users|ca\..*\.tmp|\..*\.tmp)$/;

/** @throws LatchkeyError `file/unsafe` when a directory is somebody else's, or holds something else than a state */
async function checkDirectory(paths: StatePaths): Promise<void> {
  const { uid } = await stat(paths.directory);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new LatchkeyError(
      'file/unsafe',
      `the directory ${quote(paths.directory)} belongs to another user`,
      {
        hint: 'run as its owner, or give a directory of your own with --state',
      },
    );
  }
  const names = await readdir(paths.directory);
  const stranger = names.includes('ca') ? undefined : names.find((name) => !BEGINNINGS.test(name));
  if (stranger === undefined) return;
  throw new LatchkeyError('file/unsafe', `${quote(paths.directory)} is no state directory, and not empty`, {
    hint: `it holds ${quote(stranger)}; give a new directory with --state`,
  });
}

async function makeAuthority(
  paths: StatePaths,
  { now, signal }: OpenStateOptions,
): Promise<CertificateAuthority> {
  const { authority, privateKey } = await createAuthority({
    now,
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    await writeAuthority(paths.authority, authority, privateKey);
    return authority;
  } catch (error) {
    // Two first starts at the same time: the first one's authority is the one.
    const other = await readAuthority(paths.authority);
    if (other === undefined) throw error;
    return other;
  }
}

function describeAuthority({ certificate, namespace }: CertificateAuthority): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  const key = type === 'rsa' ? `RSA ${details?.modulusLength ?? ''}` : `EC ${details?.namedCurve ?? ''}`;
  return `${namespace}, ${key}, until ${certificate.notAfter.getUTCFullYear()}`;
}

async function hostCertificate(
  paths: StatePaths,
  authority: CertificateAuthority,
  options: OpenStateOptions,
): Promise<{ certificate: Certificate; made: boolean; detail: string }> {
  const wanted = [...new Set([...(options.hostNames ?? []), hostname(), 'localhost'])];
  const present = await readHostCertificate(paths);
  if (present !== undefined && isUsable(present, authority, wanted, options.now)) {
    return {
      certificate: present,
      made: false,
      detail: `${wanted.join(', ')}, until ${dayOf(present.notAfter)}`,
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
  const detail = `${names.join(', ')}, ${present === undefined ? `until ${until}` : `renewed until ${until}`}`;
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
    const { createPrivateKey, createPublicKey } = await import('node:crypto');
    const key = createPublicKey(createPrivateKey(await readFile(paths.hostKey, 'utf8')));
    return key.equals(certificate.publicKey) ? certificate : undefined;
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

async function isTrustFresh(paths: StatePaths, authority: CertificateAuthority, now: Date): Promise<boolean> {
  const names = new Set(await readdir(paths.trust));
  for (const name of trustFiles(authority, Buffer.alloc(0)).keys()) {
    if (!names.has(name)) return false;
    if (!name.endsWith('.r0')) continue;
    try {
      const [block] = parsePem(await readFile(join(paths.trust, name), 'latin1'));
      const crl = block === undefined ? undefined : parseCrl(block.der);
      const age = now.getTime() - (crl?.thisUpdate.getTime() ?? 0);
      if (crl === undefined || age > REFRESH_CRL_MS || age < 0 || !crl.verifiedBy(authority.certificate))
        return false;
    } catch (error) {
      if (!isLatchkeyError(error)) throw error;
      return false;
    }
  }
  return true;
}

/** Writes a file unless there is one; true when it did. */
async function writeOnce(path: string, text: string, mode: number): Promise<boolean> {
  if (await stat(path).catch(() => undefined)) return false;
  await writeFileAtomic(path, text, mode);
  return true;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
