import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { LatchkeyError } from '../kit/index.ts';

/** What tells one state of a file from another without reading it. */
export interface FileStamp {
  /** Inode, size and time of modification: the same as long as nobody wrote the file or put another in its place. */
  readonly contents: string;
  /** Changes with the above and with links, renames and modes. */
  readonly any: string;
  /** Milliseconds since 1970 of the last change. */
  readonly changed: number;
}

/** The stamp of a file or directory, `undefined` when there is none. */
export async function stampOf(path: string): Promise<FileStamp | undefined> {
  try {
    return toStamp(await stat(path, { bigint: true }));
  } catch (error) {
    return absentOr(error, `cannot look at "${path}"`);
  }
}

/** A file's bytes and the stamp they belong to. */
export interface StampedFile {
  readonly bytes: Buffer;
  readonly stamp: FileStamp;
}

/**
 * Reads a regular file of at most `maxBytes`; `undefined` when there is none.
 *
 * @throws LatchkeyError `file/io`, or `repository/data-malformed` when it is no regular file or too large
 */
export async function readStamped(path: string, maxBytes: number): Promise<StampedFile | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const stats = await file.stat({ bigint: true });
      if (!stats.isFile()) throw odd(`"${path}" is not a regular file`);
      if (stats.size > BigInt(maxBytes)) throw odd(`"${path}" is longer than ${maxBytes} bytes`);
      return { bytes: await file.readFile(), stamp: toStamp(stats) };
    } finally {
      await file.close();
    }
  } catch (error) {
    return absentOr(error, `cannot read "${path}"`);
  }
}

/** The `code` of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `file/io` with the system's reason. */
export function ioError(what: string, cause: unknown): LatchkeyError {
  if (cause instanceof LatchkeyError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError('file/io', `${what}: ${reason}`, { cause });
}

function absentOr(error: unknown, what: string): undefined {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE') return undefined;
  throw ioError(what, error);
}

function toStamp(stats: BigIntStats): FileStamp {
  const contents = `${stats.ino}:${stats.size}:${stats.mtimeNs}`;
  return { contents, any: `${contents}:${stats.ctimeNs}`, changed: Number(stats.ctimeMs) };
}

function odd(message: string): LatchkeyError {
  return new LatchkeyError('repository/data-malformed', message);
}
