import { copiedMode } from '../copied-mode.ts';
import { checkCopy, checkSize, fileError, localFileError } from '../file-error.ts';
import { hashOf, openTarget } from '../local-copy.ts';
import type { PartialFile } from '../partial-file.ts';
import type { CopyOptions } from '../remote-files.ts';
import { kindOf } from './attributes.ts';
import type { Data, SftpCalls } from './calls.ts';
import type { SftpSide } from './files.ts';
import { readPieces } from './pieces.ts';
import { remoteFileError } from './status-error.ts';

/** A file may grow while it is fetched, but not for ever. */
const MAX_GROWTH_BYTES = 1 << 30;

/** Copies a file from there to here: under another name until it is whole, compared, then renamed. */
export async function download(
  { calls, checksum, sync }: SftpSide,
  remotePath: string,
  localPath: string,
  options: CopyOptions,
): Promise<void> {
  checkCopy(options);
  const { handle, size, mode } = await openPlainFile(calls, remotePath, 'copy');
  try {
    const { maxBytes = size + MAX_GROWTH_BYTES } = options;
    checkSize(remotePath, size, maxBytes);
    const to = await openTarget(localPath, options, mode, 'here', sync);
    try {
      const { signal } = options;
      const start = await commonStart({ calls, checksum, handle, size, remotePath, to }, signal);
      if (to.size > start) await to.handle.truncate(to.base + start);
      let done = start;
      let written = start;
      if (start > 0) options.onProgress?.(start, size);
      const take = async (offset: number, data: Data) => {
        written = Math.max(written, offset + data.length);
        await writeAll(to, offset, data, localPath);
        done += data.length;
        options.onProgress?.(done, Math.max(done, size));
      };
      // A byte more than may be: that is how it is noticed.
      const all = { start, end: maxBytes + 1, size, signal };
      const end = await readPieces(calls, handle, all, take);
      checkSize(remotePath, end, maxBytes);
      // It became shorter while it was read.
      if (written > end) await to.handle.truncate(to.base + end);
      if (options.verify !== false && checksum !== undefined) {
        const [here, there] = await Promise.all([
          hashOf(to.handle, { from: to.base, bytes: end, signal }),
          checksum(remotePath, end),
        ]);
        if (there !== undefined && there !== here)
          throw fileError('copy', remotePath, {
            reason: 'other',
            text: 'the copy differs from its source, which may have changed meanwhile',
          });
      }
      // All may have been under way when the word came: what was given up gets no name.
      signal?.throwIfAborted();
      await to.commit(options.mode ?? mode);
    } catch (cause) {
      await to.abandon();
      throw remoteFileError('copy', remotePath, cause);
    }
  } finally {
    // The answer tells nothing of a file that was read.
    calls.close(handle).catch(() => {});
  }
}

/** Opens a plain file for reading. What is not plain is never opened: a pipe would stop the server for everybody. */
export async function openPlainFile(
  calls: SftpCalls,
  path: string,
  verb: string,
): Promise<{ readonly handle: Buffer; readonly size: number; readonly mode: number }> {
  try {
    const attributes = await calls.status(path, { followLinks: true });
    if (kindOf(attributes) !== 'file')
      throw fileError(verb, path, { reason: 'other', text: 'not a plain file' });
    const handle = await calls.open(path, 'read');
    return { handle, size: attributes.size ?? 0, mode: copiedMode(attributes.permissions ?? 0o600) };
  } catch (cause) {
    throw remoteFileError(verb, path, cause);
  }
}

interface Earlier {
  readonly calls: SftpCalls;
  readonly checksum: SftpSide['checksum'];
  readonly handle: Buffer;
  readonly size: number;
  readonly remotePath: string;
  readonly to: PartialFile;
}

/** How much of what an earlier copy left is the source's beginning: all or nothing. */
async function commonStart(earlier: Earlier, signal?: AbortSignal): Promise<number> {
  const { calls, checksum, handle, size, remotePath, to } = earlier;
  if (to.size === 0 || to.size > size) return 0;
  const here = await hashOf(to.handle, { bytes: to.size, signal });
  const there = await checksum?.(remotePath, to.size);
  if (there !== undefined) return there === here ? to.size : 0;
  // Nobody there can sum it up: it is read, which still tells a changed file from a whole one.
  let isSame = true;
  await readPieces(calls, handle, { start: 0, end: to.size, signal }, async (offset, data) => {
    const own = Buffer.allocUnsafe(data.length);
    await to.handle.read(own, 0, own.length, offset);
    isSame &&= own.equals(Buffer.concat(data.pieces));
  });
  return isSame ? to.size : 0;
}

async function writeAll(to: PartialFile, offset: number, data: Data, path: string): Promise<void> {
  try {
    const { bytesWritten } = await to.handle.writev([...data.pieces], to.base + offset);
    if (bytesWritten === data.length) return;
    const rest = Buffer.concat(data.pieces).subarray(bytesWritten);
    for (let written = 0; written < rest.length; ) {
      const position = to.base + offset + bytesWritten + written;
      written += (await to.handle.write(rest, written, rest.length - written, position)).bytesWritten;
    }
  } catch (cause) {
    throw localFileError('write', path, cause, 'here');
  }
}
