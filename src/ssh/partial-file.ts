import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '../kit/index.ts';
import type { DirectorySync } from './directory-sync.ts';

/** A name beside `name`, not longer than file systems take; the same each time for copies that may be resumed. */
export function partialName(name: string, isResumable: boolean): string {
  const tail = isResumable ? 'part' : `${randomBytes(6).toString('hex')}.tmp`;
  // Names have at most 255 bytes, and a cut one must not meet another's.
  const short = Buffer.byteLength(name) > 200 ? createHash('sha256').update(name).digest('hex') : name;
  return `.${short}.latchkey-${tail}`;
}

/** A file of this machine that is being written: under another name until it is whole, or at the end of what is there. */
export interface PartialFile {
  readonly handle: FileHandle;
  /** Where the copy begins in it: 0, or the end of what is appended to. */
  readonly base: number;
  /** Bytes from `base` on that an earlier copy has left. */
  readonly size: number;
  /** Makes it durable and, unless it is appended to, gives it its mode and name. */
  commit(mode: number): Promise<void>;
  /** Closes it and takes back what was written, unless that may be resumed. */
  abandon(): Promise<void>;
}

/** Opens a partial file for `path`, mode 0600 until it is whole; with `resume` the one that an earlier copy left. */
export async function openPartialFile(
  path: string,
  resume: boolean,
  sync: DirectorySync = syncDirectory,
): Promise<PartialFile> {
  const temporary = join(dirname(path), partialName(basename(path), resume));
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | (resume ? 0 : constants.O_EXCL);
  const handle = await open(temporary, flags, 0o600);
  const close = () => handle.close().catch(() => {});
  try {
    // What is to be resumed was there before; a file that was just made can only be ours.
    const size = resume ? await ownSize(handle, temporary) : 0;
    return {
      handle,
      base: 0,
      size,
      commit: async (mode) => {
        await handle.chmod(mode);
        await handle.sync();
        await handle.close();
        await rename(temporary, path);
        await sync(dirname(path));
      },
      abandon: async () => {
        await close();
        if (!resume) await unlink(temporary).catch(() => {});
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The size of a file that an earlier copy left, which is nobody else's and is closed to others from now on. */
async function ownSize(handle: FileHandle, path: string): Promise<number> {
  const status = await handle.stat();
  // A second name of it would be that of a file which nobody meant: somebody may have put it here.
  const isOurs = process.getuid === undefined || (status.uid === process.getuid() && status.nlink === 1);
  if (!status.isFile() || !isOurs)
    throw Object.assign(new Error(`${path} is not a file of ours`), { code: 'EEXIST' });
  await handle.chmod(0o600);
  return status.size;
}

/** Opens a file to append to it; made with `mode` when it is not there. */
export async function openAppending(path: string, mode: number): Promise<PartialFile> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK, mode);
  const { size: base } = await handle.stat();
  return {
    handle,
    base,
    size: 0,
    commit: async () => {
      await handle.sync();
      await handle.close();
    },
    abandon: async () => {
      await handle.truncate(base).catch(() => {});
      await handle.close().catch(() => {});
    },
  };
}
