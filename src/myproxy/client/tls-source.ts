import type { TLSSocket } from 'node:tls';
import type { ByteSource } from '../wire/wire.ts';

/** Bytes kept before the socket is told to wait. */
const HIGH_WATER_BYTES = 256 * 1024;

/**
 * The bytes of a TLS socket, taken in from the moment this is made, so that an alert or a close is seen even while
 * nobody reads. The end is the end, with or without close_notify: C servers send none.
 */
export class TlsSource implements ByteSource {
  readonly #socket: TLSSocket;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > HIGH_WATER_BYTES) socket.pause();
      this.#wake?.();
    });
    socket.on('error', (error) => {
      this.#failure ??= error;
      this.#wake?.();
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#ended = true;
        this.#wake?.();
      });
    }
  }

  /** Why the connection broke, if it did. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** True when everything that came has been read and nothing more will come. */
  get isOver(): boolean {
    return this.#ended && this.#chunks.length === 0;
  }

  async read(): Promise<Uint8Array | undefined> {
    await this.settled();
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#bytes -= chunk.length;
      if (this.#bytes <= HIGH_WATER_BYTES && this.#socket.isPaused()) this.#socket.resume();
      return chunk;
    }
    if (this.#failure !== undefined) throw this.#failure;
    return undefined;
  }

  /** Resolves when there is something to read: bytes, the end, or a failure. Takes nothing. */
  async settled(): Promise<void> {
    while (this.#chunks.length === 0 && !this.#ended && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
