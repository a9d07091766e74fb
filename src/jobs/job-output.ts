import { setTimeout as delay } from 'node:timers/promises';
import { isLatchkeyError } from '../kit/index.ts';
import type { Transport } from '../ssh/index.ts';

const BLOCK = 1 << 20;
const SHORTEST_MS = 200;
const LONGEST_MS = 3000;

/** What of an output is wanted. */
export interface OutputOptions {
  /** Which task of an array. */
  readonly task?: number | undefined;
  /** Only so many bytes of its end. */
  readonly tailBytes?: number | undefined;
  /** Most bytes that are read; default 64 MiB. */
  readonly maxBytes?: number | undefined;
}

/** Reads what is there now; a file that is not there yet is empty. */
export async function readOutput(
  { files }: Transport,
  path: string,
  { tailBytes, maxBytes = 64 * BLOCK }: OutputOptions,
): Promise<Buffer> {
  const size = (await files.status(path))?.size;
  if (size === undefined) return Buffer.alloc(0);
  let offset = tailBytes === undefined ? 0 : Math.max(0, size - tailBytes);
  const blocks: Buffer[] = [];
  for (let left = maxBytes; left > 0; ) {
    const block = await files.read(path, { offset, maxBytes: Math.min(BLOCK, left) });
    if (block.length === 0) break;
    blocks.push(block);
    offset += block.length;
    left -= block.length;
  }
  return Buffer.concat(blocks);
}

/**
 * Yields what is written, from the beginning, until the job has ended and all was read; a lost connection is waited for.
 *
 * @param hasEnded asked before each look, so that what was written last is not missed
 */
export async function* followOutput(
  { files }: Transport,
  path: string,
  hasEnded: () => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  let pauseMs = SHORTEST_MS;
  for (let offset = 0; ; ) {
    const isLast = hasEnded();
    const block = await readBlock(files, path, offset);
    if (block !== undefined && block.length > 0) {
      offset += block.length;
      pauseMs = SHORTEST_MS;
      yield block;
      continue;
    }
    if (isLast && block !== undefined) return;
    await delay(pauseMs, undefined, signal === undefined ? {} : { signal });
    pauseMs = Math.min(pauseMs * 1.5, LONGEST_MS);
  }
}

/** @returns undefined when the machine could not be asked */
async function readBlock(
  files: Transport['files'],
  path: string,
  offset: number,
): Promise<Buffer | undefined> {
  try {
    return await files.read(path, { offset, maxBytes: BLOCK });
  } catch (error) {
    if (isLatchkeyError(error, 'ssh/lost')) return undefined;
    if (isLatchkeyError(error, 'ssh/file') && error.details.reason === 'not-found') return Buffer.alloc(0);
    throw error;
  }
}
