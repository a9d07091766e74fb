import { chmod, lstat, mkdir, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checkPath, fileError, localFileError, removable } from './file-error.ts';
import { copyLocalFile } from './local-copy.ts';
import { openPartialFile } from './partial-file.ts';
import type { RemoteFiles, RemoteStatus } from './remote-files.ts';

const DEFAULT_READ_BYTES = 1 << 20;

/** The files of this machine; relative paths begin at `home`, local ones of `put` and `get` at the working directory. */
export function openLocalFiles(home: string): RemoteFiles {
  const at = (path: string): string => {
    checkPath(path);
    return resolve(home, path);
  };
  /** Says what was asked for when it could not be done. */
  const doing = async <T>(verb: string, path: string, act: (absolute: string) => Promise<T>): Promise<T> => {
    const absolute = at(path);
    try {
      return await act(absolute);
    } catch (cause) {
      throw localFileError(verb, path, cause);
    }
  };
  return {
    put: (localPath, remotePath, options = {}) => copyLocalFile(localPath, at(remotePath), options),
    get: (remotePath, localPath, options = {}) => copyLocalFile(at(remotePath), localPath, options),
    write: (path, bytes, { mode }) =>
      doing('write', path, async (absolute) => {
        const partial = await openPartialFile(absolute, false);
        try {
          await partial.handle.writeFile(bytes);
          await partial.commit(mode);
        } catch (error) {
          await partial.abandon();
          throw error;
        }
      }),
    read: (path, { offset = 0, maxBytes = DEFAULT_READ_BYTES } = {}) =>
      doing('read', path, (absolute) => readPart(absolute, offset, maxBytes)),
    status: (path) =>
      doing('look at', path, async (absolute) => {
        try {
          return statusOf(await lstat(absolute));
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
          throw error;
        }
      }),
    list: (path) => doing('list', path, async (absolute) => (await readdir(absolute)).sort()),
    makeDirectory: (path, { mode }) =>
      doing('make the directory', path, (absolute) => makeDirectories(absolute, path, mode)),
    remove: async (path, { recursive = false } = {}) => {
      const absolute = removable(path, home);
      await doing('remove', path, () => removeOne(absolute, path, recursive));
    },
    rename: (from, to) => doing('rename', from, (absolute) => rename(absolute, at(to))),
  };
}

async function readPart(path: string, offset: number, maxBytes: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    // What was asked for may be far more than there is.
    const { size } = await handle.stat();
    const isSized = size > 0;
    const buffer = Buffer.alloc(isSized ? Math.max(0, Math.min(maxBytes, size - offset)) : maxBytes);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, offset + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}

function statusOf(status: Awaited<ReturnType<typeof lstat>>): RemoteStatus {
  return {
    kind: status.isFile()
      ? 'file'
      : status.isDirectory()
        ? 'directory'
        : status.isSymbolicLink()
          ? 'link'
          : 'other',
    size: Number(status.size),
    mode: Number(status.mode) & 0o7777,
    modifiedAt: status.mtime,
  };
}

/** From the top down, so that each has its mode whatever the umask is. */
async function makeDirectories(absolute: string, path: string, mode: number): Promise<void> {
  try {
    await mkdir(absolute, { mode });
    await chmod(absolute, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(absolute) !== absolute) {
      await makeDirectories(dirname(absolute), path, mode);
      return makeDirectories(absolute, path, mode);
    }
    if (code !== 'EEXIST') throw error;
    if (!(await stat(absolute)).isDirectory())
      throw fileError('make the directory', path, { reason: 'exists', text: 'there is a file of that name' });
  }
}

async function removeOne(absolute: string, path: string, recursive: boolean): Promise<void> {
  if (recursive) return rm(absolute, { recursive: true, force: true });
  try {
    await unlink(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    // Linux says EISDIR, POSIX EPERM.
    if (code !== 'EISDIR' && code !== 'EPERM') throw error;
    if (!(await lstat(absolute)).isDirectory()) throw error;
    await rmdir(absolute).catch((cause) => {
      throw localFileError('remove', path, cause);
    });
  }
}
