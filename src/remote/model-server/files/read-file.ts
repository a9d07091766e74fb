import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { LatchkeyError, quote } from '../../../kit/index.ts';
import { type ConfinedPlace, confinedParts, fileError, openConfined } from './confined-path.ts';

/** One file of a job, as its clients see it. */
export interface FileFacts {
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly isDirectory: boolean;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** Changes when the file does. */
  readonly tag: string;
}

/** Bytes of one piece at most. */
export const MAX_CHUNK_BYTES = 8 << 20;
const MAX_ENTRIES = 10_000;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

export async function fileFacts(root: string, path: string): Promise<FileFacts> {
  return inFile(root, path, async (_file, stats) => factsOf(stats));
}

/**
 * A piece of a file; shorter at its end.
 *
 * @param tag of {@link fileFacts}: a file that has changed since is an error, not a mixture
 */
export async function readChunk(
  root: string,
  path: string,
  offset: number,
  length: number,
  tag: string | undefined,
): Promise<Uint8Array> {
  return inFile(root, path, async (file, stats) => {
    if (tag !== undefined && factsOf(stats).tag !== tag)
      throw new LatchkeyError('remote/file', `${quote(path)} has changed while it was read`, {
        hint: 'fetch it again when nothing writes to it',
        retryable: true,
      });
    const left = Math.max(0, stats.size - offset);
    const buffer = Buffer.alloc(Math.min(length, MAX_CHUNK_BYTES, left));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    return buffer.subarray(0, bytesRead);
  });
}

/** SHA-256 of a file, in hexadecimal digits. A job can make one of any size out of nothing: the signal ends it. */
export function hashFile(root: string, path: string, signal?: AbortSignal): Promise<string> {
  return inFile(root, path, (file) => hashOf(file, signal));
}

export async function hashOf(file: FileHandle, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(1 << 20);
  for (let at = 0; ; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** What is in a directory: its names, sorted, with their facts. Links and other things that are no files are left out. */
export async function listFiles(
  root: string,
  path: string,
): Promise<readonly (FileFacts & { readonly name: string })[]> {
  const place = await openConfined(root, `${confinedParts(path).join('/')}/x`.replace(/^\//, ''));
  try {
    const names = (await readdir(place.at('.'))).sort().slice(0, MAX_ENTRIES);
    const found = await Promise.all(
      names.map(async (name) => {
        const stats = await lstat(place.at(name)).catch(() => undefined);
        return stats?.isFile() || stats?.isDirectory() ? { name, ...factsOf(stats) } : undefined;
      }),
    );
    return found.filter((entry) => entry !== undefined);
  } catch (cause) {
    throw fileError(path, cause);
  } finally {
    await place.close();
  }
}

async function inFile<T>(
  root: string,
  path: string,
  act: (file: FileHandle, stats: Stats) => Promise<T>,
): Promise<T> {
  const place: ConfinedPlace = await openConfined(root, path);
  try {
    // A pipe would wait for its other end.
    const file = await open(place.at(place.name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile() && !stats.isDirectory())
        throw new LatchkeyError('remote/file', `${quote(path)} is no file`);
      return await act(file, stats);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileError(path, cause);
  } finally {
    await place.close();
  }
}

function factsOf(stats: Stats): FileFacts {
  return {
    ...{ size: stats.size, mode: stats.mode & 0o7777, isDirectory: stats.isDirectory() },
    modifiedAt: Math.round(stats.mtimeMs),
    tag: `${stats.ino}-${stats.size}-${stats.mtimeMs}`,
  };
}
