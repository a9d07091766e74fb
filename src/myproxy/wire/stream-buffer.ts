import { type Clock, LatchkeyError, systemClock } from '../../kit/index.ts';
import type { ByteSource } from './wire.ts';

const EMPTY = Buffer.alloc(0);

/** What {@link StreamBuffer.more} ended with. */
export type Arrival = 'bytes' | 'end' | 'silence';

/** How a {@link StreamBuffer} reads. */
export interface StreamBufferOptions {
  readonly maxMessageBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly clock?: Clock;
}

/**
 * The unread bytes of a stream, in one piece. Appending costs amortized linear time, so that a peer who sends
 * single bytes cannot make it slow, and an idle stream keeps no memory.
 */
export class StreamBuffer {
  readonly #source: ByteSource;
  readonly #max: number;
  readonly #signal: AbortSignal | undefined;
  readonly #clock: Clock;
  #bytes: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  #chunks = 0;
  #pending: Promise<Uint8Array | undefined> | undefined;
  #ended = false;
  #failure: unknown;

  constructor(source: ByteSource, options: StreamBufferOptions) {
    this.#source = source;
    this.#max = options.maxMessageBytes;
    this.#signal = options.signal;
    this.#clock = options.clock ?? systemClock;
  }

  /** The unread bytes; valid until the next call of anything. */
  get unread(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Chunks that arrived since the stream was last empty. */
  get chunks(): number {
    return this.#chunks;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Removes the first `length` bytes and gives a copy of them. */
  take(length: number): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(this.#start, this.#start + length));
    this.#start += taken.length;
    if (this.#start === this.#end) {
      this.#bytes = EMPTY;
      this.#start = 0;
      this.#end = 0;
      this.#chunks = 0;
    }
    return taken;
  }

  /** Waits until `length` bytes are unread. @throws LatchkeyError `myproxy/closed`, `myproxy/too-large`, or the signal's reason */
  async need(length: number): Promise<void> {
    while (this.length < length) {
      if ((await this.more()) === 'end') throw this.closed();
    }
  }

  /**
   * Waits for more bytes, the end, or `silenceMs` without either.
   *
   * @throws LatchkeyError `myproxy/too-large` when a whole message should have come by now, `myproxy/closed` when the
   * connection broke, or the signal's reason
   */
  async more(silenceMs?: number): Promise<Arrival> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) return 'end';
    if (this.length > this.#max) throw this.fail(tooLarge(this.#max));
    const outcome = await this.#next(silenceMs);
    if (outcome === 'silence') return outcome;
    this.#pending = undefined;
    if (outcome === undefined) {
      this.#ended = true;
      return 'end';
    }
    this.#append(outcome);
    return 'bytes';
  }

  /** Throws if a message is longer than allowed. */
  checkLength(length: number): void {
    if (length > this.#max) throw this.fail(tooLarge(this.#max));
  }

  /** Makes `failure` the outcome of every further read, and returns it. */
  fail<Failure>(failure: Failure): Failure {
    this.#failure = failure;
    this.#bytes = EMPTY;
    this.#start = 0;
    this.#end = 0;
    return failure;
  }

  /** The error for a stream that ended inside, or instead of, a message. */
  closed(): LatchkeyError {
    const left = this.length;
    return new LatchkeyError(
      'myproxy/closed',
      left === 0 ? 'the peer closed the connection' : `the peer closed the connection inside a message`,
      { details: { betweenMessages: left === 0 } },
    );
  }

  #next(silenceMs: number | undefined): Promise<Uint8Array | 'silence' | undefined> {
    return new Promise((resolve, reject) => {
      const signal = this.#signal;
      const timer = silenceMs === undefined ? undefined : new AbortController();
      const onAbort = () => settle(() => reject(this.fail(abortError(signal))));
      let settled = false;
      const settle = (act: () => void) => {
        // After a silence the same read goes on: its first observer has nothing more to say.
        if (settled) return;
        settled = true;
        signal?.removeEventListener('abort', onAbort);
        timer?.abort();
        act();
      };
      if (signal?.aborted) {
        reject(this.fail(abortError(signal)));
        return;
      }
      signal?.addEventListener('abort', onAbort);
      this.#pending ??= this.#source.read();
      this.#pending.then(
        (chunk) => settle(() => resolve(chunk)),
        (cause) => settle(() => reject(this.fail(broken(cause)))),
      );
      if (timer !== undefined && silenceMs !== undefined) {
        this.#clock.sleep(silenceMs, timer.signal).then(
          () => settle(() => resolve('silence')),
          () => {},
        );
      }
    });
  }

  #append(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks += 1;
    if (this.length === 0) {
      this.#bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    if (this.#end + chunk.length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(1024, 2 * (this.length + chunk.length)));
      this.unread.copy(grown);
      this.#end = this.length;
      this.#start = 0;
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }
}

function tooLarge(max: number): LatchkeyError {
  return new LatchkeyError('myproxy/too-large', `a message of more than ${max} bytes`);
}

function broken(cause: unknown): LatchkeyError {
  if (cause instanceof LatchkeyError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError('myproxy/closed', `the connection broke: ${reason}`, { cause });
}

function abortError(signal: AbortSignal | undefined): unknown {
  const reason: unknown = signal?.reason;
  if (reason instanceof LatchkeyError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new LatchkeyError('myproxy/timed-out', 'the conversation took too long', { cause: reason });
  }
  return new LatchkeyError('myproxy/cancelled', 'the conversation was cancelled', { cause: reason });
}
