import { StringDecoder } from 'node:string_decoder';
import type { RemoteFiles } from '../../../../ssh/index.ts';
import { type LogReader, TAIL_BYTES, TAIL_LINES, tailLines } from '../job-log.ts';

const PIECE_BYTES = 65_536;

/** A job's log on another machine. */
export function logElsewhere(files: RemoteFiles, path: string): LogReader {
  const sizeOf = async () => (await files.status(path).catch(() => undefined))?.size ?? 0;
  return {
    tail: async (lines = TAIL_LINES, maxBytes = TAIL_BYTES) => {
      const size = await sizeOf();
      const offset = Math.max(0, size - maxBytes);
      if (size === 0) return [];
      return tailLines((await files.read(path, { offset, maxBytes })).toString('utf8'), lines, offset > 0);
    },
    async *follow({ from = 0, wait, isOver, signal }) {
      const decoder = new StringDecoder('utf8');
      const size = await sizeOf();
      let offset = from < 0 ? Math.max(0, size + from) : Math.min(from, size);
      while (!signal?.aborted) {
        const isLast = isOver();
        // A connection that is lost for a while is no end of a log.
        const piece = await files.read(path, { offset, maxBytes: PIECE_BYTES }).catch(() => undefined);
        offset += piece?.length ?? 0;
        if (piece !== undefined && piece.length > 0) yield decoder.write(piece);
        else if (isLast) return;
        else await wait();
      }
    },
  };
}
