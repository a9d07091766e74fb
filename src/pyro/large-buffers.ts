/** So many are kept, of so many bytes at most. */
const MOST_KEPT = 2;
const LARGEST_KEPT_BYTES = 4 << 20;
const STEP_BYTES = 1 << 16;

/**
 * Memory for large messages, used again once they are sent: fresh memory has to be given by the kernel page by page, which takes longer
 * than to fill it. Only what was taken here is taken back.
 */
export class LargeBuffers {
  readonly #kept: Buffer[] = [];
  readonly #lent = new WeakSet<ArrayBufferLike>();

  /** A buffer of at least so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    const at = this.#kept.findIndex(({ length }) => length >= bytes);
    const buffer =
      at === -1
        ? Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES)
        : (this.#kept.splice(at, 1)[0] as Buffer);
    this.#lent.add(buffer.buffer);
    return buffer;
  }

  /** A buffer, or a view of it, that nobody reads or writes any more. */
  give({ buffer }: Uint8Array): void {
    if (!this.#lent.delete(buffer) || buffer.byteLength > LARGEST_KEPT_BYTES) return;
    this.#kept.push(Buffer.from(buffer));
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
  }
}

/** Those of this program: what a serializer writes is given back by the stream that has sent it. */
export const largeBuffers = new LargeBuffers();
