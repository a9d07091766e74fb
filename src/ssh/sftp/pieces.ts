import type { Data, SftpCalls } from './calls.ts';

/** Bytes that are under way at most; a channel of OpenSSH takes 2 MiB before it waits. */
const WINDOW_BYTES = 4 << 20;
const MOST_REQUESTS = 64;

/** How many requests of `bytes` are made before the first is answered. */
function depthOf(bytes: number): number {
  return Math.max(2, Math.min(MOST_REQUESTS, Math.ceil(WINDOW_BYTES / bytes)));
}

/** Which part of which file, and who is told of it. */
export interface PieceOptions {
  readonly start: number;
  /** Where to end at the latest. */
  readonly end: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a part of a file, many pieces at once; each is given to `take` with its offset, mostly in order. Short answers are asked for
 * again. Returns where the file ended, at most `end`.
 */
export async function readPieces(
  calls: SftpCalls,
  handle: Buffer,
  { start, end, signal }: PieceOptions,
  take: (offset: number, data: Data) => Promise<void> | void,
): Promise<number> {
  let next = start;
  let last = end;
  let hasFailed = false;
  const reader = async (): Promise<void> => {
    while (next < last && !hasFailed) {
      let at = next;
      const pieceEnd = Math.min(at + calls.readBytes, last);
      next = pieceEnd;
      while (at < pieceEnd) {
        const data = await calls.read(handle, at, pieceEnd - at, signal);
        if (data === undefined) {
          last = Math.min(last, at);
          return;
        }
        if (hasFailed) return;
        await take(at, data);
        at += data.length;
      }
    }
  };
  const readers = Array.from({ length: depthOf(calls.readBytes) }, () =>
    reader().catch((error) => {
      hasFailed = true;
      throw error;
    }),
  );
  await allOf(readers);
  return last;
}

/** As `Promise.all`, but nothing of it goes on when it rejects. */
export async function allOf(promises: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(promises))
    if (outcome.status === 'rejected') throw outcome.reason;
}
