import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LatchkeyError, type Secret } from '../kit/index.ts';
import { type Frame, framePieces } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { largeBuffers } from './large-buffers.ts';

export interface FrameStreamOptions {
  /** Most bytes of one message, both ways. */
  readonly maxBytes: number;
  /** Less of those that come, if it is less. */
  readonly maxIncomingBytes?: number;
  readonly hmacKey?: Secret | undefined;
  /** Most bytes of a message, also when inflated, until {@link FrameStream.trust} is called: a stranger's are few. Default: as any. */
  readonly strangerBytes?: number;
}

/** What happens on a stream of frames. */
export interface FrameListener {
  onFrame(frame: Frame): void;
  /** Once, at the end: with the reason, or without where the other side just hung up. */
  onEnd(error: Error | undefined): void;
}

/** More than that is written piece by piece. */
const LARGEST_JOINED_BYTES = 1 << 18;

/** Frames over a stream. All that is sent in one tick is written at once. */
export class FrameStream {
  readonly #stream: Duplex;
  readonly #options: FrameStreamOptions;
  readonly #reader: FrameReader;
  #listener: FrameListener;
  #outgoing: Uint8Array[] = [];
  #outgoingBytes = 0;
  #isPaused = false;
  #isReported = false;
  #error: Error | undefined;
  #frameBytes = 0;
  #mostFrameBytes: number;

  constructor(stream: Duplex, options: FrameStreamOptions, listener: FrameListener) {
    this.#stream = stream;
    this.#options = options;
    this.#listener = listener;
    this.#mostFrameBytes = options.strangerBytes ?? Number.POSITIVE_INFINITY;
    this.#reader = new FrameReader({
      maxBytes: Math.min(options.maxBytes, options.maxIncomingBytes ?? Number.POSITIVE_INFINITY),
      ...(options.hmacKey === undefined ? {} : { hmacKey: options.hmacKey }),
    });
    this.#reader.limitInflated(this.#mostFrameBytes);
    stream.on('data', (chunk: Buffer) => {
      this.#frameBytes += chunk.length;
      this.#reader.push(chunk);
      this.#deliver();
      if (this.#frameBytes > this.#mostFrameBytes) this.#fail(tooMuch(this.#mostFrameBytes));
    });
    stream.on('error', (error) => {
      this.#error ??= error;
    });
    stream.on('end', () => stream.end());
    stream.on('close', () => {
      this.#report();
    });
  }

  /** True until the stream is gone or {@link end} was called. */
  get isOpen(): boolean {
    return !this.#isReported && !this.#stream.destroyed && this.#stream.writable;
  }

  /** Bytes that the other side has not taken yet. */
  get backlog(): number {
    return this.#stream.writableLength + this.#outgoingBytes;
  }

  /** Bytes that have come of a frame whose end has not; 0 between frames. */
  get partialBytes(): number {
    // The first of them may have come with the end of the frame before.
    return this.#reader.isInsideFrame ? Math.max(this.#frameBytes, 1) : 0;
  }

  /** From now on messages may be as long as any. */
  trust(): void {
    this.#mostFrameBytes = Number.POSITIVE_INFINITY;
    this.#reader.limitInflated(this.#mostFrameBytes);
  }

  /** Who hears of frames from now on. */
  listen(listener: FrameListener): void {
    this.#listener = listener;
  }

  /**
   * The payload belongs to the stream from now on.
   *
   * @throws LatchkeyError `pyro/too-large`; nothing is sent then
   */
  send(frame: Frame): void {
    const { maxBytes, hmacKey } = this.#options;
    const pieces = framePieces(frame, hmacKey === undefined ? { maxBytes } : { maxBytes, hmacKey });
    this.#queue(pieces[0]);
    if (pieces[1] !== undefined) this.#queue(pieces[1]);
  }

  /** No frames are delivered until {@link resume}. */
  pause(): void {
    this.#isPaused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#deliver();
    if (!this.#isPaused) this.#stream.resume();
  }

  /** Calls back once what was sent is taken, or the stream is gone. */
  onDrain(callback: () => void): void {
    if (this.#stream.writableNeedDrain) this.#stream.once('drain', callback);
    else setImmediate(callback);
  }

  /** Sends what is waiting and ends; what still comes is thrown away for a while, so that the other side can read the last answer. */
  end(graceMs = 1000): void {
    if (this.#stream.destroyed) return;
    flush(this);
    this.#isPaused = true;
    this.#stream.removeAllListeners('data');
    this.#stream.end();
    this.#stream.resume();
    const timer = setTimeout(() => this.#stream.destroy(), graceMs);
    timer.unref();
    this.#stream.once('close', () => clearTimeout(timer));
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.#stream.destroy();
  }

  /** Only for {@link flush}. */
  writeAll(): void {
    const pieces = this.#outgoing;
    const bytes = this.#outgoingBytes;
    if (pieces.length === 0) return;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    if (!this.#stream.writable) return;
    const [only, second] = pieces;
    if (second === undefined) this.#stream.write(only);
    else if (bytes <= LARGEST_JOINED_BYTES) {
      this.#stream.write(Buffer.concat(pieces, bytes));
      for (const piece of pieces) largeBuffers.give(piece);
    } else {
      this.#stream.cork();
      for (const piece of pieces)
        this.#stream.write(piece, (error) => {
          // Other streams may pass on what they were given, long after they have taken it.
          if (error == null && this.#stream instanceof Socket) largeBuffers.give(piece);
        });
      this.#stream.uncork();
    }
  }

  #queue(bytes: Uint8Array): void {
    if (this.#outgoing.push(bytes) === 1) process.nextTick(flush, this);
    this.#outgoingBytes += bytes.length;
  }

  #deliver(): void {
    try {
      while (!this.#isPaused) {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        this.#frameBytes = 0;
        this.#listener.onFrame(frame);
      }
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      this.#fail(error);
    }
  }

  /** Nothing can be read any more; what is to be answered still can be. */
  #fail(error: LatchkeyError): void {
    this.#stream.removeAllListeners('data');
    this.#error ??= error;
    this.#report();
  }

  #report(): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#listener.onEnd(this.#error);
  }
}

function flush(stream: FrameStream): void {
  stream.writeAll();
}

function tooMuch(maxBytes: number): LatchkeyError {
  return new LatchkeyError('pyro/too-large', `a handshake has at most ${maxBytes} bytes`, {
    details: { maxBytes },
  });
}
