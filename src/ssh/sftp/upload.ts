import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { checkCopy, checkSize, fileError, localFileError } from '../file-error.ts';
import { hashOf, openSource } from '../local-copy.ts';
import { partialName } from '../partial-file.ts';
import type { CopyOptions } from '../remote-files.ts';
import { kindOf } from './attributes.ts';
import type { SftpCalls } from './calls.ts';
import { StatusFailure } from './channel.ts';
import type { SftpSide } from './files.ts';
import { allOf, readPieces } from './pieces.ts';
import { isPlainFailure, remoteFileError } from './status-error.ts';

/** How long tidying up after a failure may take: the connection may be frozen, which is why we are here. */
const TIDY_MS = 2_000;

/** Copies a file from here to there: under another name until it is whole, compared, then renamed. */
export async function upload(
  side: SftpSide,
  localPath: string,
  remotePath: string,
  options: CopyOptions,
): Promise<void> {
  checkCopy(options);
  const { handle: from, size, mode } = await openSource(localPath);
  try {
    checkSize(localPath, size, options.maxBytes ?? size, 'here');
    const job: Upload = { ...side, from, size, localPath, remotePath, options };
    await (options.append ? append(job, mode & 0o7777) : replace(job, mode & 0o7777));
  } finally {
    await from.close();
  }
}

/** Writes a small file there. The new name is given only to bytes that are there and durable. */
export async function writeSmall(
  { calls }: SftpSide,
  path: string,
  bytes: Uint8Array,
  mode: number,
): Promise<void> {
  const temporary = beside(path, false);
  try {
    const handle = await calls.open(temporary, 'new', 0o600);
    try {
      const writes = [];
      for (let at = 0; at < bytes.length; at += calls.writeBytes) {
        const part = bytes.subarray(at, at + calls.writeBytes);
        writes.push(calls.write(handle, at, part));
      }
      // Asked for together, for the server answers in order: one round trip instead of three.
      await allOf([...writes, calls.change(handle, { permissions: mode }), calls.sync(handle)]);
      await allOf([calls.close(handle), calls.rename(temporary, path)]);
    } catch (error) {
      await tidy([calls.close(handle), calls.removeFile(temporary)]);
      throw error;
    }
  } catch (cause) {
    throw await withRoom(calls, path, bytes.length, cause);
  }
}

interface Upload extends SftpSide {
  readonly from: FileHandle;
  readonly size: number;
  readonly localPath: string;
  readonly remotePath: string;
  readonly options: CopyOptions;
}

async function replace(job: Upload, sourceMode: number): Promise<void> {
  const { calls, checksum, from, remotePath, options } = job;
  const temporary = beside(remotePath, options.resume === true);
  try {
    const start = options.resume ? await commonStart(job, temporary) : 0;
    const handle = await calls.open(temporary, start > 0 ? 'write' : 'new', 0o600, options.signal);
    try {
      const finish = () => [
        calls.change(handle, { permissions: options.mode ?? sourceMode }),
        calls.sync(handle),
      ];
      const isCompared = options.verify !== false && checksum !== undefined;
      // The server does things in order: what makes it durable is asked for behind the last write, without waiting.
      const end = await pour(job, handle, { start, base: 0, behind: isCompared ? undefined : finish });
      if (isCompared) {
        const [here, there] = await Promise.all([
          hashOf(from, { bytes: end, signal: options.signal }),
          checksum(temporary),
        ]);
        if (there !== undefined && there !== here)
          throw fileError('copy to', remotePath, {
            reason: 'other',
            text: 'the copy differs from its source',
          });
        await allOf(finish());
      }
      await allOf([calls.close(handle), calls.rename(temporary, remotePath)]);
    } catch (error) {
      await tidy([calls.close(handle), ...(options.resume ? [] : [calls.removeFile(temporary)])]);
      throw error;
    }
  } catch (cause) {
    throw await withRoom(calls, remotePath, job.size, cause);
  }
}

async function append(job: Upload, sourceMode: number): Promise<void> {
  const { calls, remotePath, options } = job;
  try {
    const handle = await calls.open(remotePath, 'create', options.mode ?? sourceMode);
    const { size: base = 0 } = await calls.statusOfHandle(handle);
    try {
      await pour(job, handle, { start: 0, base, behind: () => [calls.sync(handle)] });
      await calls.close(handle);
    } catch (error) {
      await tidy([calls.change(handle, { size: base }), calls.close(handle)]);
      throw error;
    }
  } catch (cause) {
    throw await withRoom(calls, remotePath, job.size, cause);
  }
}

/**
 * How much of what an earlier copy left is the source's beginning: all or nothing. What is of no use, or is no plain file, is
 * removed, so that it is made anew.
 */
async function commonStart(job: Upload, temporary: string): Promise<number> {
  const { calls, checksum, from, size, options } = job;
  const earlier = await calls.status(temporary, { followLinks: false }).catch((error) => {
    if (error instanceof StatusFailure) return undefined;
    throw error;
  });
  if (earlier === undefined) return 0;
  const length = earlier.size ?? 0;
  if (kindOf(earlier) === 'file' && length > 0 && length <= size) {
    const there = await checksum?.(temporary);
    const isSame =
      there === undefined
        ? await isBeginning(job, temporary, length)
        : there === (await hashOf(from, { bytes: length, signal: options.signal }));
    if (isSame) return length;
  }
  await calls.removeFile(temporary);
  return 0;
}

/** Reads what is there, where nobody can sum it up. */
async function isBeginning({ calls, from, options }: Upload, path: string, length: number): Promise<boolean> {
  const handle = await calls.open(path, 'read');
  let isSame = true;
  const part = { start: 0, end: length, signal: options.signal };
  const end = await readPieces(calls, handle, part, async (offset, data) => {
    const own = Buffer.allocUnsafe(data.length);
    await from.read(own, 0, own.length, offset);
    isSame &&= own.equals(Buffer.concat(data.pieces));
  });
  await calls.close(handle);
  return isSame && end === length;
}

/** Bytes of the source that are read at once; each such slab goes out as several writes. */
const SLAB_BYTES = 1 << 20;
const SLABS = 4;

interface Pour {
  readonly start: number;
  /** Where the source's first byte goes. */
  readonly base: number;
  /** What is asked for behind the last write; it fails as a write does. */
  readonly behind?: (() => readonly Promise<void>[]) | undefined;
}

/** Sends the source from `start` to its end, in order, several writes under way; returns where it ended. */
async function pour(job: Upload, handle: Buffer, { start, base, behind }: Pour): Promise<number> {
  const { calls, from, localPath, options, size } = job;
  // One more than there should be: a read that comes short of it has met the end.
  const slabBytes = Math.min(SLAB_BYTES, Math.max(0, size - start) + 1);
  const idle = Array.from({ length: SLABS }, () => Buffer.allocUnsafe(slabBytes));
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  let done = start;
  if (start > 0) options.onProgress?.(start, size);
  const sendPiece = async (at: number, bytes: Buffer): Promise<void> => {
    try {
      await calls.write(handle, base + at, bytes, options.signal);
      done += bytes.length;
      options.onProgress?.(done, Math.max(done, size));
    } catch (error) {
      failure ??= { error };
    }
  };
  const send = async (at: number, slab: (typeof idle)[number], length: number): Promise<void> => {
    const pieces: Promise<void>[] = [];
    for (let n = 0; n < length; n += calls.writeBytes)
      pieces.push(sendPiece(at + n, slab.subarray(n, Math.min(n + calls.writeBytes, length))));
    await Promise.all(pieces);
    // All answered: the bytes are out, and the same memory serves what comes next.
    idle.push(slab);
  };
  const last = (asked: readonly Promise<void>[]): Promise<void> =>
    allOf(asked).catch((error: unknown) => {
      failure ??= { error };
    });
  let at = start;
  let isAtEnd = false;
  try {
    while (failure === undefined && !isAtEnd) {
      options.signal?.throwIfAborted();
      const slab = idle.pop();
      if (slab === undefined) {
        await Promise.race(underWay);
        continue;
      }
      const { bytesRead } = await from.read(slab, 0, slab.length, at).catch((cause: unknown) => {
        throw localFileError('read', localPath, cause, 'here');
      });
      at += bytesRead;
      isAtEnd = bytesRead === 0 || (bytesRead < slab.length && at >= size);
      if (bytesRead === 0) continue;
      const sending = send(at - bytesRead, slab, bytesRead).finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
    if (failure === undefined && behind !== undefined) underWay.add(last(behind()));
  } finally {
    await Promise.all(underWay);
  }
  if (failure !== undefined) throw failure.error;
  // All may have been under way when the word came: what was given up gets no name.
  options.signal?.throwIfAborted();
  return at;
}

/** The name that a file has until it is whole. */
function beside(path: string, isResumable: boolean): string {
  const plain = posix.normalize(path).replace(/(?<=.)\/+$/, '');
  return posix.join(posix.dirname(plain), partialName(posix.basename(plain), isResumable));
}

async function tidy(steps: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise((resolve) => {
    timer = setTimeout(resolve, TIDY_MS);
  });
  await Promise.race([Promise.allSettled(steps), enough]);
  clearTimeout(timer);
}

/** A write fails without a reason when the disk is full: the server is asked how much room there is. */
async function withRoom(calls: SftpCalls, path: string, needed: number, cause: unknown): Promise<unknown> {
  if (isPlainFailure(cause)) {
    const room = await calls.room(posix.dirname(path)).catch(() => undefined);
    if (room !== undefined && (room.bytes < Math.max(needed, 1) || room.names === 0)) {
      const text =
        room.bytes < needed ? `the disk is full, with ${room.bytes} bytes left` : 'no more files fit';
      return fileError('write', path, { reason: 'full', text }, { cause });
    }
  }
  return remoteFileError('write', path, cause);
}
