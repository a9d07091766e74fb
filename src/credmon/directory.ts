import { lstatSync, mkdirSync, rmSync, type Stats } from 'node:fs';
import { access, chmod, constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../kit/index.ts';

const COMPLETE = 'CREDMON_COMPLETE';
const DIRECTORY_MODE = 0o2770;

/** A credential directory that has been checked (`SEC_CREDENTIAL_DIRECTORY_OAUTH`). */
export interface CredentialDirectory {
  readonly path: string;
  /** Owner and group of the directory itself. */
  readonly uid: number;
  readonly gid: number;
  readonly ino: number;
}

/**
 * Checks the credential directory, and makes it (2770) when it is not there.
 *
 * @throws LatchkeyError `credmon/directory-unsafe` when others may enter, read or write it, or we may not
 */
export async function openCredentialDirectory(path: string): Promise<CredentialDirectory> {
  const stats = statusOf(path) ?? (await makeDirectory(path));
  if (!stats.isDirectory()) throw unsafe(`${quote(path)} is not a directory`);
  if ((stats.mode & 0o007) !== 0) {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
    throw unsafe(
      `the credential directory ${quote(path)} is open to others (mode ${mode})`,
      `chmod o-rwx ${path}`,
    );
  }
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unsafe(
      `the credential directory ${quote(path)} cannot be read and written by this process`,
      `it belongs to user ${stats.uid}, group ${stats.gid}; this process is user ${process.geteuid?.()}`,
      cause,
    );
  }
  return { path, uid: stats.uid, gid: stats.gid, ino: stats.ino };
}

/** Tells HTCondor and people that a full pass has been made: touches `CREDMON_COMPLETE`. */
export async function markComplete(directory: CredentialDirectory): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(directory.path, COMPLETE), flags, 0o644);
  try {
    const now = new Date();
    await file.utimes(now, now);
  } finally {
    await file.close();
  }
}

/** Takes the mark of {@link markComplete} away, as at each start. */
export function clearComplete(directory: CredentialDirectory): void {
  rmSync(join(directory.path, COMPLETE), { force: true });
}

/** True when the directory itself is there, and the same, but a request in it is not. */
export function isReallyGone({ path, ino }: CredentialDirectory, user: string, stem: string): boolean {
  return statusOf(path)?.ino === ino && statusOf(join(path, user, `${stem}.top`)) === undefined;
}

async function makeDirectory(path: string): Promise<Stats> {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
    // The umask has taken its part, and mkdir does not set the group bit everywhere.
    await chmod(path, DIRECTORY_MODE);
    return lstatSync(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unsafe(
      `cannot make the credential directory ${quote(path)}: ${reason}`,
      'make it: mkdir, chown root:condor, chmod 2770',
      cause,
    );
  }
}

function statusOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function unsafe(message: string, hint?: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('credmon/directory-unsafe', message, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
