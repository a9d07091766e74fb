import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parsePem } from '../asn1/index.ts';
import {
  type CertificateAuthority,
  createAuthority,
  createRevocationList,
  readAuthority,
  readRevocations,
  trustFiles,
  writeAuthority,
} from '../ca/index.ts';
import { isLatchkeyError, LatchkeyError, quote, writeFileAtomic } from '../kit/index.ts';
import { type Certificate, parseCrl } from '../x509/index.ts';
import { type HostCertificateOptions, openHostCertificate } from './host-certificate.ts';
import { choosePagePort } from './page-port.ts';
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
export interface OpenStateOptions extends HostCertificateOptions {
  /** Told what is being made, before it is: it may take seconds. */
  readonly onBegin?: (what: string) => void;
  readonly onStep?: (step: StateStep) => void;
}

/** An installation that is ready to serve. */
export interface OpenedState {
  readonly paths: StatePaths;
  /** True at the very first start. */
  readonly isNew: boolean;
  readonly authority: CertificateAuthority;
  readonly hostCertificate: Certificate;
}

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

  const host = await openHostCertificate(paths, authority, options);
  onStep({ name: 'host certificate', made: host.made, detail: host.detail });

  const madeTrust = await refreshTrust(paths, authority, options.now);
  onStep({ name: 'trust directory', made: madeTrust, detail: paths.trust });

  const madeSettings = await writeOnce(
    paths.settings,
    async () => sampleSettings(authority.namespace, await choosePagePort()),
    0o644,
  );
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
  await writeOnce(join(paths.directory, '.gitignore'), () => '*\n', 0o644);
  for (const path of [paths.store, paths.users, dirname(paths.hostKey), paths.tokenKey]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  }
  await mkdir(paths.trust, { recursive: true });
  await chmod(paths.trust, 0o755);
}

/** What a start that was interrupted may have left before there was an authority. */
const BEGINNINGS = /^(\.gitignore|host|store|token-key|trust|users|ca\..*\.tmp|\..*\.tmp)$/;

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
async function writeOnce(path: string, text: () => string | Promise<string>, mode: number): Promise<boolean> {
  if (await stat(path).catch(() => undefined)) return false;
  await writeFileAtomic(path, await text(), mode);
  return true;
}
