import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../../../kit/index.ts';

const MAX_PARTS = 32;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** A place in a job's directory: an open directory, and a name in it. Whoever gets it closes it. */
export interface ConfinedPlace {
  readonly directory: FileHandle;
  readonly name: string;
  /** A path for system calls that begins at the open directory: nothing that is renamed or linked meanwhile leads elsewhere. */
  at(name: string): string;
  close(): Promise<void>;
}

/**
 * Cuts a client's path into its parts.
 *
 * @throws LatchkeyError `remote/file` for absolute ones, `..`, and what no file can be called
 */
export function confinedParts(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const wrong = path.startsWith('/')
    ? 'it begins at the root'
    : parts.includes('..')
      ? 'it leads out'
      : parts.length > MAX_PARTS || parts.some((part) => Buffer.byteLength(part) > 255) || path.includes('\0')
        ? 'no file has such a name'
        : undefined;
  if (wrong === undefined) return parts;
  throw new LatchkeyError('remote/file', `${quote(path)} is no path in a job's directory: ${wrong}`, {
    hint: 'paths begin in the directory of the job, and stay in it',
  });
}

/**
 * Opens the directory that a client's path lies in, one part after the other from the job's directory on. No link is followed, whoever
 * made it: a job could lead its server anywhere otherwise.
 *
 * @throws LatchkeyError `remote/file`
 */
export async function openConfined(root: string, path: string): Promise<ConfinedPlace> {
  const parts = [...confinedParts(path)];
  const name = parts.pop() ?? '.';
  let directory = await open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  let place = root;
  try {
    for (const part of parts) {
      const next = await open(pathAt(directory, place, part), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      await directory.close();
      directory = next;
      place = join(place, part);
      await checkSame(directory, place);
    }
  } catch (cause) {
    await directory.close();
    throw fileError(path, cause);
  }
  return { directory, name, at: (entry) => pathAt(directory, place, entry), close: () => directory.close() };
}

/** Linux can begin a path at an open directory; elsewhere the directory's path has to do, and is compared with what was opened. */
function pathAt(directory: FileHandle, place: string, name: string): string {
  return process.platform === 'linux' ? `/proc/self/fd/${directory.fd}/${name}` : join(place, name);
}

async function checkSame(directory: FileHandle, place: string): Promise<void> {
  if (process.platform === 'linux') return;
  const [opened, there] = [await directory.stat(), await lstat(await realpath(place))];
  if (opened.ino !== there.ino || opened.dev !== there.dev) throw new Error('it was moved meanwhile');
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  ELOOP: 'it is a link, and links are not followed',
  ENOTDIR: 'a part of it is no directory, or a link',
  EISDIR: 'it is a directory',
  EACCES: 'the server may not',
  ENXIO: 'it is no file',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/** What the system said, without the server's own paths. */
export function fileError(path: string, cause: unknown): LatchkeyError {
  if (cause instanceof LatchkeyError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = (code === undefined ? undefined : REASONS[code]) ?? code ?? message;
  return new LatchkeyError('remote/file', `${quote(path)}: ${reason}`, { cause });
}
