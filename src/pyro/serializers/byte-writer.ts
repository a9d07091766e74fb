import { largeBuffers } from '../large-buffers.ts';

const LARGE_BYTES = 1 << 16;
/** What comes behind a large value is mostly little, and the value is not to be copied for it. */
const ROOM_BEHIND = 512;

/** A buffer that grows. */
export class ByteWriter {
  #buffer: Buffer = Buffer.allocUnsafe(512);
  #length = 0;

  /** Room for so many more bytes; where they begin. */
  reserve(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) {
      const room = Math.max(this.#length + ROOM_BEHIND, 2 * this.#buffer.length);
      const roomy = room < LARGE_BYTES ? Buffer.allocUnsafe(room) : largeBuffers.take(room);
      this.#buffer.copy(roomy, 0, 0, at);
      largeBuffers.give(this.#buffer);
      this.#buffer = roomy;
    }
    return at;
  }

  /** The buffer to write into what was reserved; another one after the next reservation. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  byte(value: number): void {
    const at = this.reserve(1);
    this.#buffer[at] = value;
  }

  bytes(value: Uint8Array): void {
    const at = this.reserve(value.length);
    this.#buffer.set(value, at);
  }

  /** All that was written. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
