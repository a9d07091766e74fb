import { posix } from 'node:path';
import { type DirectorySync, sharedDirectorySync } from '../directory-sync.ts';
import { checkPath, fileError, removable } from '../file-error.ts';
import type { RemoteFiles } from '../remote-files.ts';
import { kindOf, statusOf } from './attributes.ts';
import { type SftpCalls, sftpCalls } from './calls.ts';
import { SftpChannel, type SftpStreams, StatusFailure } from './channel.ts';
import { download, openPlainFile } from './download.ts';
import { STATUS } from './packet.ts';
import { readPieces } from './pieces.ts';
import { listDirectory, removeTree, unlessMissing } from './remove-tree.ts';
import { isPlainFailure, remoteFileError } from './status-error.ts';
import { upload, writeSmall } from './upload.ts';

const DEFAULT_READ_BYTES = 1 << 20;

/** How sftp is spoken. */
export interface SftpOptions {
  /**
   * SHA-256 of a file there, or of its first `bytes`, in lower-case hexadecimal; undefined when that machine cannot tell. Copies
   * are compared with it, and interrupted ones go on without reading back what is there.
   */
  readonly checksum?: ((path: string, bytes?: number) => Promise<string | undefined>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The files of a machine over sftp; `close` ends the server's streams. */
export interface SftpFiles extends RemoteFiles {
  close(): void;
}

/** What the parts of this client share. */
export interface SftpSide {
  readonly calls: SftpCalls;
  readonly checksum?: SftpOptions['checksum'];
  /** For what is fetched. */
  readonly sync: DirectorySync;
}

/**
 * Speaks sftp version 3 (draft-ietf-secsh-filexfer-02) with OpenSSH's extensions, where they are offered, over the streams of a running
 * server: `ssh -s host sftp`, a channel, or `sftp-server` itself. Requests are pipelined; files are written under another name, made
 * durable and renamed. When the streams end, everything rejects with `ssh/lost`.
 *
 * @throws LatchkeyError `ssh/lost` when what answers is no sftp server
 */
export async function openSftp(streams: SftpStreams, options: SftpOptions = {}): Promise<SftpFiles> {
  const channel = await SftpChannel.open(streams, options.signal);
  try {
    const calls = await sftpCalls(channel);
    // Paths are relative to where the server begins, which is the login directory.
    const home = await calls.realPath('.');
    return {
      ...sftpFiles({ calls, checksum: options.checksum, sync: sharedDirectorySync() }, home),
      close: () => channel.close(),
    };
  } catch (error) {
    channel.close();
    throw error;
  }
}

function sftpFiles(side: SftpSide, home: string): RemoteFiles {
  const { calls } = side;
  /** Says what was asked for when it could not be done. */
  const doing = async <T>(verb: string, path: string, act: () => Promise<T>): Promise<T> => {
    checkPath(path);
    try {
      return await act();
    } catch (cause) {
      throw remoteFileError(verb, path, cause);
    }
  };
  return {
    put: async (localPath, remotePath, copy = {}) => {
      checkPath(remotePath);
      await upload(side, localPath, remotePath, copy);
    },
    get: async (remotePath, localPath, copy = {}) => {
      checkPath(remotePath);
      await download(side, remotePath, localPath, copy);
    },
    write: async (path, bytes, { mode }) => {
      checkPath(path);
      await writeSmall(side, path, bytes, mode);
    },
    read: (path, { offset = 0, maxBytes = DEFAULT_READ_BYTES } = {}) =>
      doing('read', path, () => readPart(calls, path, offset, maxBytes)),
    status: (path) =>
      doing('look at', path, async () => {
        const attributes = await calls.status(path, { followLinks: false }).catch(unlessMissing);
        return attributes === undefined ? undefined : statusOf(attributes);
      }),
    list: (path) =>
      doing('list', path, async () =>
        (await listDirectory(calls, path)).map(({ name }) => name.toString('utf8')).sort(),
      ),
    makeDirectory: (path, { mode }) =>
      doing('make the directory', path, () => makeDirectories(calls, posix.resolve(home, path), path, mode)),
    remove: async (path, { recursive = false } = {}) => {
      const absolute = removable(path, home);
      await doing('remove', path, () => removeOne(calls, absolute, path, recursive));
    },
    rename: (from, to) => {
      checkPath(to);
      return doing('rename', from, () => calls.rename(from, to));
    },
  };
}

async function readPart(calls: SftpCalls, path: string, offset: number, maxBytes: number): Promise<Buffer> {
  const { handle } = await openPlainFile(calls, path, 'read');
  try {
    const pieces = new Map<number, readonly Buffer[]>();
    const part = { start: offset, end: offset + maxBytes };
    const end = await readPieces(calls, handle, part, (at, data) => {
      pieces.set(at, data.pieces);
    });
    const inOrder = [...pieces].sort(([a], [b]) => a - b).flatMap(([, data]) => data);
    return Buffer.concat(inOrder, Math.max(0, end - offset));
  } finally {
    calls.close(handle).catch(() => {});
  }
}

/** From the top down, so that each has its mode whatever the umask is. */
async function makeDirectories(
  calls: SftpCalls,
  absolute: string,
  path: string,
  mode: number,
): Promise<void> {
  try {
    await calls.makeDirectory(absolute, mode);
    await calls.changePath(absolute, { permissions: mode });
  } catch (error) {
    const above = posix.dirname(absolute);
    if (error instanceof StatusFailure && error.code === STATUS.noSuchFile && above !== absolute) {
      await makeDirectories(calls, above, path, mode);
      return makeDirectories(calls, absolute, path, mode);
    }
    // Version 3 has no number for what exists.
    if (!isPlainFailure(error)) throw error;
    const there = await calls.status(absolute, { followLinks: true }).catch(unlessMissing);
    if (there === undefined) throw error;
    if (kindOf(there) !== 'directory')
      throw fileError('make the directory', path, { reason: 'exists', text: 'there is a file of that name' });
  }
}

async function removeOne(
  calls: SftpCalls,
  absolute: string,
  path: string,
  recursive: boolean,
): Promise<void> {
  const status = await calls.status(absolute, { followLinks: false }).catch(unlessMissing);
  if (status === undefined) return;
  if (kindOf(status) !== 'directory') return void (await calls.removeFile(absolute).catch(unlessMissing));
  if (recursive) return removeTree(calls, absolute);
  try {
    await calls.removeDirectory(absolute);
  } catch (error) {
    if (isPlainFailure(error)) throw fileError('remove', path, { reason: 'exists', text: 'it is not empty' });
    unlessMissing(error);
  }
}
