import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { checkCopy, fileError, localFileError } from './file-error.ts';
import { openPartialFile } from './partial-file.ts';
import type { CopyOptions } from './remote-files.ts';

const CHUNK_BYTES = 1 << 20;

/** Copies a file of this machine to another name of it, whole or not at all. Appending is taken back when it fails. */
export async function copyLocalFile(source: string, target: string, options: CopyOptions): Promise<void> {
  checkCopy(options);
  const from = await openSource(source);
  try {
    const { size, mode } = await from.stat();
    const job = { source, target, from, size, mode: options.mode ?? mode & 0o7777, options };
    await (options.append ? appendTo(job) : replace(job));
  } finally {
    await from.close();
  }
}

/** Opens what is copied. @throws LatchkeyError `ssh/file`, also when it is not a plain file */
async function openSource(path: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    // A pipe without a writer must not hold us.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile())
      throw fileError('copy', path, { reason: 'other', text: 'not a plain file', side: 'here' });
    return handle;
  } catch (cause) {
    await handle?.close();
    throw localFileError('copy', path, cause, 'here');
  }
}

/** SHA-256 of the first `bytes` of a file. */
async function hashOf(handle: FileHandle, bytes: number, signal?: AbortSignal): Promise<Hash> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0; at < bytes; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(CHUNK_BYTES, bytes - at), at);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}

interface CopyJob {
  readonly source: string;
  readonly target: string;
  readonly from: FileHandle;
  readonly size: number;
  readonly mode: number;
  readonly options: CopyOptions;
}

async function replace(job: CopyJob): Promise<void> {
  const { from, size, target, options } = job;
  const verb = 'write';
  const partial = await openPartialFile(target, options.resume === true).catch((cause) => {
    throw localFileError(verb, target, cause);
  });
  try {
    const hash = createHash('sha256');
    let start = Math.min(partial.size, size);
    const same =
      partial.size <= size &&
      (await hashOf(from, start, options.signal)).digest('hex') ===
        (await hashOf(partial.handle, start, options.signal)).digest('hex');
    if (!same) start = 0;
    await partial.handle.truncate(start);
    const known = start === 0 ? hash : await hashOf(from, start, options.signal);
    const done = await pour(job, partial.handle, start, known);
    if (options.verify !== false) {
      const there = (await hashOf(partial.handle, done, options.signal)).digest('hex');
      if (there !== known.digest('hex'))
        throw fileError(verb, target, { reason: 'other', text: 'the copy differs from its source' });
    }
    await partial.commit(job.mode);
  } catch (cause) {
    await partial.abandon();
    throw localFileError(verb, target, cause);
  }
}

async function appendTo(job: CopyJob): Promise<void> {
  let to: FileHandle | undefined;
  try {
    to = await open(job.target, constants.O_WRONLY | constants.O_CREAT, job.mode);
    const { size: before } = await to.stat();
    try {
      await pour(job, to, 0, createHash('sha256'), before);
      await to.sync();
    } catch (error) {
      await to.truncate(before);
      throw error;
    }
  } catch (cause) {
    throw localFileError('append to', job.target, cause);
  } finally {
    await to?.close();
  }
}

/** Copies from `start` to the source's end; returns the source's size as read. */
async function pour(job: CopyJob, to: FileHandle, start: number, hash: Hash, offset = 0): Promise<number> {
  const { from, options } = job;
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let at = start;
  for (;;) {
    options.signal?.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return at;
    hash.update(buffer.subarray(0, bytesRead));
    for (let written = 0; written < bytesRead; )
      written += (await to.write(buffer, written, bytesRead - written, offset + at + written)).bytesWritten;
    at += bytesRead;
    options.onProgress?.(at, Math.max(at, job.size));
  }
}
