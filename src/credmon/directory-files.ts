import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../kit/index.ts';
import type { CredentialDirectory } from './directory.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;
/** No credential file is longer; what is longer is not read. */
const MAX_FILE_BYTES = 256 * 1024;

/** A file's bytes and status, taken from the same open file. */
export interface FoundFile {
  readonly bytes: Buffer;
  readonly stats: Stats;
}

/** What a written file shall be; default 0400 and our own. */
export interface FileRights {
  readonly mode?: number;
  /** Only the superuser can give files away; others keep what they make. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * A user's directory, open. Files are reached through the open directory, and neither it nor they are followed when they
 * are symbolic links: whoever may write there (credd, a web server) cannot send us elsewhere.
 */
export interface UserDirectory {
  readonly user: string;
  /** As it was opened. */
  readonly stats: Stats;
  /** As it is now. */
  statsNow(): Stats;
  /** `undefined` when it is not there, no regular file, too long, or not ours to read. */
  read(name: string, maxBytes?: number): FoundFile | undefined;
  list(): string[];
  /**
   * Writes a file whole: temporary file beside it, rename. Not durable: what is written so can be made again.
   *
   * @throws LatchkeyError `file/io`
   */
  write(name: string, data: string | Uint8Array, rights?: FileRights): void;
  /** True when it was there. */
  remove(name: string): boolean;
  /** Path to reach a name through the open directory, for asynchronous work while it is open. */
  pathOf(name: string): string;
}

/** Runs `act` with a user's directory; `undefined` when there is none (or it is a link, or anything but a directory). */
export function inUserDirectory<Result>(
  directory: Pick<CredentialDirectory, 'path'>,
  user: string,
  act: (opened: UserDirectory) => Result,
): Result | undefined {
  const opened = openUserDirectory(directory, user);
  if (opened === undefined) return undefined;
  try {
    return act(opened.directory);
  } finally {
    opened.close();
  }
}

/** Name of the temporary file for `name`: always the same, so that what a crash leaves goes with the next writing. */
export function temporaryName(name: string): string {
  return `.${name}.latchkey`;
}

/** True for temporary files of ours. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith('.') && name.endsWith('.latchkey');
}

/** Opens a user's directory until it is closed; see {@link inUserDirectory}. */
export function openUserDirectory(
  { path }: Pick<CredentialDirectory, 'path'>,
  user: string,
): { readonly directory: UserDirectory; close(): void } | undefined {
  if (user === '' || user === '.' || user === '..' || user.includes('/')) return undefined;
  let descriptor: number;
  try {
    descriptor = openSync(join(path, user), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw ioError('open', user, error);
  }
  // Linux only, as HTCondor's credential daemons are; elsewhere the path is what there is.
  const base = process.platform === 'linux' ? `/proc/self/fd/${descriptor}` : join(path, user);
  const pathOf = (name: string): string => `${base}/${name}`;
  const directory: UserDirectory = {
    user,
    stats: fstatSync(descriptor),
    statsNow: () => fstatSync(descriptor),
    read: (name, maxBytes = MAX_FILE_BYTES) => readRegularFile(pathOf(name), maxBytes),
    list: () => readdirSync(`${base}/`),
    write: (name, data, rights) => {
      try {
        replaceFile(pathOf(name), pathOf(temporaryName(name)), data, rights);
      } catch (error) {
        throw ioError('write', `${user}/${name}`, error);
      }
    },
    remove: (name) => removeFile(pathOf(name), `${user}/${name}`),
    pathOf,
  };
  return { directory, close: () => closeSync(descriptor) };
}

function readRegularFile(path: string, maxBytes: number): FoundFile | undefined {
  let descriptor: number;
  try {
    // O_NONBLOCK: a FIFO that somebody has put there does not stop us.
    descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isAbsent(error) || isCode(error, 'EACCES') || isCode(error, 'ENXIO')) return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > maxBytes) return undefined;
    const buffer = Buffer.allocUnsafe(stats.size);
    let length = 0;
    while (length < buffer.length) {
      const count = readSync(descriptor, buffer, length, buffer.length - length, length);
      if (count === 0) break;
      length += count;
    }
    return { bytes: buffer.subarray(0, length), stats };
  } finally {
    closeSync(descriptor);
  }
}

function replaceFile(
  path: string,
  temporary: string,
  data: string | Uint8Array,
  { mode = 0o400, owner }: FileRights = {},
): void {
  const descriptor = openExclusive(temporary, mode);
  let isWhole = false;
  try {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid);
    fchmodSync(descriptor, mode);
    isWhole = true;
    renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  } finally {
    if (!isWhole) removeQuietly(temporary);
    closeSync(descriptor);
  }
}

/** A new file under this name, whatever a crash has left under it. */
function openExclusive(path: string, mode: number): number {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  try {
    return openSync(path, flags, mode);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    unlinkSync(path);
    return openSync(path, flags, mode);
  }
}

function removeFile(path: string, shown: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw ioError('remove', shown, error);
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {}
}

/** Not there, no directory, or a symbolic link where none is followed. */
function isAbsent(error: unknown): boolean {
  return isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR') || isCode(error, 'ELOOP');
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** What the system says, with a name that people know. */
export function ioError(verb: string, shown: string, cause: unknown): LatchkeyError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const reason = /^E[A-Z0-9]+: ([^,]+), /.exec(text)?.[1] ?? text;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return new LatchkeyError(
    'file/io',
    `cannot ${verb} ${quote(shown)} in the credential directory: ${reason}`,
    {
      cause,
      retryable: true,
      ...hintFor(code),
    },
  );
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'the file system is full: free some space',
  EDQUOT: 'the quota is used up: free some space',
  EROFS: 'the file system is read-only: mount it writable',
  EACCES: 'the monitor needs the rights of the directory’s owner, or of root',
  EPERM: 'the monitor needs the rights of the directory’s owner, or of root',
};

function hintFor(code: string | undefined): { hint?: string } {
  const hint = code === undefined ? undefined : HINTS[code];
  return hint === undefined ? {} : { hint };
}
