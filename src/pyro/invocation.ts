import { LatchkeyError } from '../kit/index.ts';
import type { Frame, FrameFlags } from './frame.ts';

/** One call, whatever it is for. */
export interface Invocation {
  readonly object: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly kwargs: { readonly [name: string]: unknown } | null;
  readonly flags: FrameFlags;
  /** A value, or a stream's id as {@link StreamStart}. */
  readonly wants: 'value' | 'stream' | 'either';
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The answer to a call that gave a stream. */
export class StreamStart {
  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }
}

/** A call about a stream, to the daemon itself. */
export function streamCall(
  method: 'get_next_stream_item' | 'close_stream',
  id: string,
  flags: FrameFlags,
  timeoutMs = 0,
  signal?: AbortSignal,
): Invocation {
  return {
    object: 'Pyro.Daemon',
    method,
    args: [id],
    kwargs: {},
    flags,
    wants: 'value',
    timeoutMs,
    signal,
  };
}

/** The stream that an answer began. @throws LatchkeyError `pyro/stream` */
export function streamIdOf(frame: Frame): string {
  const id = frame.annotations.get('STRM');
  if (id === undefined || id.length === 0)
    throw new LatchkeyError(
      'pyro/stream',
      'the result is an iterator, but the server does not allow streams',
      {
        hint: 'set Pyro4.config.ITER_STREAMING = True there',
      },
    );
  return Buffer.from(id).toString('latin1');
}
