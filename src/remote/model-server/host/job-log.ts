import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { quote } from '../../../kit/index.ts';

/** Lines and bytes of a log that go into an error. */
export const TAIL_LINES = 20;
export const TAIL_BYTES = 16_384;

/**
 * Makes the log of one job: it must not be there yet, so no job ever wipes another's. Everything is appended.
 *
 * @throws when there is something under that name
 */
export function createLog(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants;
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600);
}

/** The last lines of a log, without the broken first one; empty when there is none. */
export async function logTail(
  path: string,
  lines = TAIL_LINES,
  maxBytes = TAIL_BYTES,
): Promise<readonly string[]> {
  const file = await openLog(path);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - maxBytes);
    const buffer = Buffer.alloc(Math.min(size, maxBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    return bytesRead === 0 ? [] : tailLines(buffer.toString('utf8', 0, bytesRead), lines, start > 0);
  } finally {
    await file.close();
  }
}

/** @param isCut the first line is a part of one */
export function tailLines(text: string, lines: number, isCut: boolean): readonly string[] {
  const all = text.replace(/\n$/, '').split('\n');
  return lines === 0 ? [] : (isCut ? all.slice(1) : all).slice(-lines);
}

/** A job's log, wherever it is. */
export interface LogReader {
  /** Its last lines; empty when there is none. */
  tail(lines?: number, maxBytes?: number): Promise<readonly string[]>;
  /** What is written to it, piece by piece, until nothing more comes. */
  follow(options: FollowOptions): AsyncGenerator<string, void>;
}

/** A log on this machine. */
export function logIn(path: string): LogReader {
  return {
    tail: (lines, maxBytes) => logTail(path, lines, maxBytes),
    follow: (options) => followLog(path, options),
  };
}

/** What a job said last, for a message of one line. */
export function lastWords(log: readonly string[]): string {
  const line = log.findLast((text) => text.trim() !== '');
  return line === undefined ? 'its log is empty' : `the last line of its log: ${quote(line.trim())}`;
}

/** What {@link followLog} needs from outside. */
interface FollowOptions {
  /** Where to begin; negative = so many bytes before the end. Default 0. */
  readonly from?: number;
  /** Resolves when it is worth looking again. */
  wait(): Promise<void>;
  /** True when nothing more will be written: what is left is read, and it ends. */
  isOver(): boolean;
  readonly signal?: AbortSignal;
}

/** What is written to a log, piece by piece, until nothing more comes. */
async function* followLog(path: string, options: FollowOptions): AsyncGenerator<string, void> {
  const file = await openLog(path);
  if (file === undefined) return;
  try {
    const decoder = new StringDecoder('utf8');
    const { size } = await file.stat();
    const { from = 0 } = options;
    let at = from < 0 ? Math.max(0, size + from) : Math.min(from, size);
    const buffer = Buffer.alloc(65_536);
    while (!options.signal?.aborted) {
      const isOver = options.isOver();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      at += bytesRead;
      if (bytesRead > 0) yield decoder.write(buffer.subarray(0, bytesRead));
      else if (isOver) return;
      else {
        // It was cut because it had grown too long.
        if ((await file.stat()).size < at) at = 0;
        await options.wait();
      }
    }
  } finally {
    await file.close();
  }
}

/** Never waits: a job could have put a pipe there, and whoever opened it would hang. */
async function openLog(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  } catch {
    return undefined;
  }
}
