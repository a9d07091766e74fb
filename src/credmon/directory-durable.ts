import { constants, lstatSync, type Stats } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { LatchkeyError } from '../kit/index.ts';
import type { CredentialDirectory } from './directory.ts';
import { type FileRights, ioError, openUserDirectory, temporaryName } from './directory-files.ts';
import { type FileStamp, stampFrom } from './scan.ts';

/** How writing ended: others may have written or deleted the file meanwhile, and theirs stands. */
type CommitOutcome =
  | { readonly result: 'written'; readonly stamp: FileStamp }
  | { readonly result: 'replaced' }
  | { readonly result: 'deleted' };

/** A file that is about to be written, with its room on the disk already taken. */
export interface PreparedFile {
  /**
   * Writes it durably: contents, then rename, then the directory, each on the disk before this settles.
   *
   * @param expected the version that it takes the place of: when there is another one now, that stays. Absent = any or none
   * @throws LatchkeyError `file/io`
   */
  commit(data: Uint8Array, expected?: FileStamp): Promise<CommitOutcome>;
  /** Takes the preparation back; harmless after a commit. */
  close(): Promise<void>;
}

const { O_WRONLY, O_RDONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = constants;

/**
 * Prepares writing `<user>/<name>`: the temporary file is made and `bytes` of it are on the disk. A secret that a server is
 * about to hand out only once has a place to go: a full or read-only disk is noticed before the server is asked.
 *
 * @throws LatchkeyError `file/io`; `credmon/not-found` when the user has no directory
 */
export async function prepareFile(
  directory: CredentialDirectory,
  user: string,
  name: string,
  bytes: number,
  { mode = 0o400, owner }: FileRights = {},
): Promise<PreparedFile> {
  const opened = openUserDirectory(directory, user);
  if (opened === undefined) {
    throw new LatchkeyError('credmon/not-found', `there is no directory of ${user} any more`);
  }
  const shown = `${user}/${name}`;
  const path = opened.directory.pathOf(name);
  const temporary = opened.directory.pathOf(temporaryName(name));
  let file: FileHandle | undefined;
  let isRenamed = false;
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await file?.close().catch(() => {});
    if (!isRenamed && file !== undefined) await unlink(temporary).catch(() => {});
    opened.close();
  };
  try {
    file = await openNew(temporary, mode);
    await file.write(Buffer.alloc(bytes), 0, bytes, 0);
    await file.sync();
  } catch (error) {
    await close();
    throw ioError('write', shown, error);
  }
  const handle = file;
  return {
    close,
    commit: async (data, expected) => {
      try {
        for (let written = 0; written < data.length; ) {
          written += (await handle.write(data, written, data.length - written, written)).bytesWritten;
        }
        await handle.truncate(data.length);
        if (owner !== undefined) await handle.chown(owner.uid, owner.gid);
        await handle.chmod(mode);
        await handle.sync();
        const other = expected === undefined ? undefined : otherThan(expected, path);
        if (other !== undefined) return { result: other };
        await rename(temporary, path);
        isRenamed = true;
        await syncDirectory(opened.directory.pathOf('.'));
        return { result: 'written', stamp: stampFrom(await handle.stat()) };
      } catch (error) {
        throw ioError('write', shown, error);
      }
    },
  };
}

/** Who owns what takes a file's place: as before, when we may give files away. */
export function sameOwner(stats: Pick<Stats, 'uid' | 'gid'>): FileRights['owner'] {
  return process.geteuid?.() === 0 ? { uid: stats.uid, gid: stats.gid } : undefined;
}

function otherThan(expected: FileStamp, path: string): 'replaced' | 'deleted' | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 'deleted';
  return stats.ino === expected.ino && stats.mtimeMs === expected.mtimeMs ? undefined : 'replaced';
}

async function openNew(path: string, mode: number): Promise<FileHandle> {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  try {
    return await open(path, flags, mode);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    // What a crash has left.
    await unlink(path);
    return await open(path, flags, mode);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, O_RDONLY | O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
