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
  /** Where the file is believed to end: no more is asked for at once than that and the proof of the end. */
  readonly size?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a part of a file, many pieces at once; each is given to `take` with its offset, mostly in order. Short answers are asked for
 * again. Returns where the file ended, at most `end`.
 */
export async function readPieces(
  calls: SftpCalls,
  handle: Buffer,
  { start, end, size = end, signal }: PieceOptions,
  take: (offset: number, data: Data) => Promise<void> | void,
): Promise<number> {
  let next = start;
  let last = end;
  let hasFailed = false;
  let isBeyond = false;
  const reader = async (): Promise<void> => {
    let goesBeyond = false;
    while (next < last && !hasFailed) {
      // One of them proves the end, and goes on where the file has grown.
      if (next >= size && isBeyond && !goesBeyond) return;
      goesBeyond = next >= size;
      isBeyond ||= goesBeyond;
      let at = next;
      // A piece ends where the file does, so that the answer is not a short one that is asked for again.
      const isWithin = at < size && size < at + calls.readBytes;
      const pieceEnd = Math.min(isWithin ? size : at + calls.readBytes, last);
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
  const pieces = Math.ceil(Math.max(0, size - start) / calls.readBytes) + 1;
  const readers = Array.from({ length: Math.min(depthOf(calls.readBytes), pieces) }, () =>
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
