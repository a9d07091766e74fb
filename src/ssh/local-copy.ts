import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { copiedMode } from './copied-mode.ts';
import type { DirectorySync } from './directory-sync.ts';
import { checkCopy, checkSize, fileError, localFileError } from './file-error.ts';
import { openAppending, openPartialFile, type PartialFile } from './partial-file.ts';
import type { CopyOptions } from './remote-files.ts';

const CHUNK_BYTES = 1 << 20;

/** Copies a file of this machine to another name of it, whole or not at all. Appending is taken back when it fails. */
export async function copyLocalFile(source: string, target: string, options: CopyOptions): Promise<void> {
  checkCopy(options);
  const { handle: from, size, mode } = await openSource(source);
  try {
    checkSize(source, size, options.maxBytes ?? size);
    const to = await openTarget(target, options, copiedMode(mode));
    try {
      const start = await commonStart(from, to, options.signal);
      await to.handle.truncate(to.base + start);
      if (start > 0) options.onProgress?.(start, size);
      const end = await pour(source, from, to, { start, size, options });
      if (options.verify !== false) {
        const [here, there] = [
          await hashOf(from, { bytes: end, signal: options.signal }),
          await hashOf(to.handle, { from: to.base, bytes: end, signal: options.signal }),
        ];
        if (here !== there)
          throw fileError('write', target, { reason: 'other', text: 'the copy differs from its source' });
      }
      await to.commit(options.mode ?? copiedMode(mode));
    } catch (cause) {
      await to.abandon();
      throw localFileError('write', target, cause);
    }
  } finally {
    await from.close();
  }
}

/** What is copied, opened, with its size and permission bits. */
export interface Source {
  readonly handle: FileHandle;
  readonly size: number;
  readonly mode: number;
}

/** Opens what is copied. @throws LatchkeyError `ssh/file`, also when it is not a plain file */
export async function openSource(path: string): Promise<Source> {
  let handle: FileHandle | undefined;
  try {
    // A pipe without a writer must not hold us.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await handle.stat();
    if (!status.isFile())
      throw fileError('copy', path, { reason: 'other', text: 'not a plain file', side: 'here' });
    return { handle, size: status.size, mode: status.mode };
  } catch (cause) {
    await handle?.close();
    throw localFileError('copy', path, cause, 'here');
  }
}

/** Opens what is copied to, as the options want it. @throws LatchkeyError `ssh/file` */
export async function openTarget(
  path: string,
  { append, resume, mode }: CopyOptions,
  sourceMode: number,
  side?: 'here' | 'there',
  sync?: DirectorySync,
): Promise<PartialFile> {
  try {
    return append
      ? await openAppending(path, mode ?? sourceMode)
      : await openPartialFile(path, resume === true, sync);
  } catch (cause) {
    throw localFileError('write', path, cause, side);
  }
}

/** SHA-256 of a part of a file, in lower-case hexadecimal. */
export async function hashOf(
  handle: FileHandle,
  part: { readonly from?: number; readonly bytes: number; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const { from = 0, bytes, signal } = part;
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK_BYTES, bytes)));
  for (let at = 0; at < bytes; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - at), from + at);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest('hex');
}

/** How much of what an earlier copy left is the source's beginning: all or nothing. */
async function commonStart(from: FileHandle, to: PartialFile, signal?: AbortSignal): Promise<number> {
  if (to.size === 0 || to.size > (await from.stat()).size) return 0;
  const here = await hashOf(from, { bytes: to.size, signal });
  return here === (await hashOf(to.handle, { bytes: to.size, signal })) ? to.size : 0;
}

/** Copies from `start` to the source's end; returns where that was. */
async function pour(
  source: string,
  from: FileHandle,
  to: PartialFile,
  { start, size, options }: { readonly start: number; readonly size: number; readonly options: CopyOptions },
): Promise<number> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let at = start;
  for (;;) {
    options.signal?.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return at;
    for (let written = 0; written < bytesRead; ) {
      const position = to.base + at + written;
      written += (await to.handle.write(buffer, written, bytesRead - written, position)).bytesWritten;
    }
    at += bytesRead;
    if (options.maxBytes !== undefined) checkSize(source, at, options.maxBytes);
    options.onProgress?.(at, Math.max(at, size));
  }
}
