import { LatchkeyError } from '../../../kit/index.ts';
import { Exposed, type ExposedMethod } from '../../../pyro/index.ts';
import type { ManagedJob } from '../managed-job.ts';
import { Arguments } from '../service/arguments.ts';
import { asPythonException } from '../service/python-names.ts';
import { bytesOf } from './bytes-of.ts';
import { confinedParts } from './confined-path.ts';

/** How a file is opened, in the old words. */
export interface PyroFileOptions {
  readonly path: string;
  /** `r`, `rb`, `w` or `wb`. */
  readonly mode: string;
  readonly bufferBytes: number;
  /** Aborted when its client is gone: what was not closed is let go. */
  readonly closed: AbortSignal;
}

/** One piece in one message; the whole of what is written is kept until it is closed, in memory: of all files of a job together. */
const MAX_BUFFER_BYTES = 8 << 20;
const MAX_WRITTEN_BYTES = 256 << 20;
/** What a piece takes besides its bytes. */
const PIECE_COST_BYTES = 128;

/**
 * The old file object: `getChunk`, `setChunk`, `getTerminalChunk`, `close`. Read, it is a file of the job as it is now; written, the file
 * is there, whole, when it is closed. An empty piece is the end.
 *
 * @throws LatchkeyError `remote/file`; TypeError for other modes
 */
export function pyroFileOf(job: ManagedJob, options: PyroFileOptions): Exposed {
  const { path, mode } = options;
  confinedParts(path);
  if (!/^[rw]b?$/.test(mode)) throw new TypeError(`mode must be r, rb, w or wb, not ${JSON.stringify(mode)}`);
  const isWriting = mode.startsWith('w');
  let bufferBytes = Math.min(options.bufferBytes, MAX_BUFFER_BYTES);
  let offset = 0;
  let isOpen = true;
  const written: Uint8Array[] = [];
  let bytesWritten = 0;
  const letGo = (): void => {
    isOpen = false;
    options.closed.removeEventListener('abort', letGo);
    written.length = 0;
    job.unclosedBytes -= bytesWritten;
    bytesWritten = 0;
  };
  const checkUse = (writing: boolean): void => {
    if (!isOpen) throw new LatchkeyError('remote/file', `${path} is closed`);
    if (writing !== isWriting)
      throw new LatchkeyError('remote/file', `${path} is open for ${isWriting ? 'writing' : 'reading'}`);
  };
  return new Exposed({
    methods: {
      getChunk: method([], async () => {
        checkUse(false);
        const piece = await job.files.read(path, offset, bufferBytes, undefined);
        offset += piece.length;
        return piece;
      }),
      getTerminalChunk: method([], () => new Uint8Array()),
      rewind: method([], () => {
        offset = 0;
      }),
      setChunk: method(['bytes'], (given) => {
        checkUse(true);
        const piece = bytesOf(given.value('bytes'));
        const bytes = piece.length + PIECE_COST_BYTES;
        if (job.unclosedBytes + bytes > MAX_WRITTEN_BYTES)
          throw new LatchkeyError(
            'remote/file',
            `what is written to ${path} and other files that are not closed is larger than ${MAX_WRITTEN_BYTES} bytes`,
            { hint: 'close those that are done; beginFile, writeFile and finishFile take larger ones' },
          );
        if (written.length === 0) options.closed.addEventListener('abort', letGo, { once: true });
        if (options.closed.aborted) return;
        job.unclosedBytes += bytes;
        bytesWritten += bytes;
        written.push(Uint8Array.from(piece));
      }),
      setBuffSize: method(['buffSize'], (given) => {
        bufferBytes = Math.min(given.count('buffSize', 1 << 20, 1), MAX_BUFFER_BYTES);
      }),
      setCompressionFlag: method(['value'], (given) => {
        if (given.value('value') !== false)
          throw new LatchkeyError('remote/file', 'files are not compressed on their way', {
            hint: 'leave the flag off; ssh can compress what goes through a tunnel',
          });
      }),
      getBasename: method([], () => confinedParts(path).at(-1) ?? ''),
      close: method([], async () => {
        if (!isOpen) return;
        isOpen = false;
        try {
          if (isWriting) await job.files.write(path, Buffer.concat(written));
        } finally {
          letGo();
        }
      }),
    },
  });
}

function method(names: readonly string[], act: (given: Arguments) => unknown): ExposedMethod {
  return async (args, kwargs) => {
    try {
      return await act(new Arguments(names, args, kwargs));
    } catch (error) {
      throw asPythonException(error);
    }
  };
}
