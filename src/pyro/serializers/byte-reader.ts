import { LatchkeyError } from '../../kit/index.ts';

/** A value as long as that is not copied when it is most of its message. */
const LARGE_BYTES = 1 << 16;

/** Bytes that are read from their beginning; none is read beyond the end. */
export class ByteReader {
  readonly buffer: Buffer;
  readonly #format: string;
  #at = 0;

  constructor(bytes: Uint8Array, format: string) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#format = format;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.buffer.length - this.#at;
  }

  /** Steps over so many bytes; where they begin. */
  take(bytes: number): number {
    if (bytes > this.left) throw this.malformed(`${bytes} more bytes are announced, ${this.left} are there`);
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  byte(): number {
    return this.buffer[this.take(1)] as number;
  }

  /** A copy, so that the message it came in can go; a view where there would be nothing else of it to let go. */
  bytes(length: number): Uint8Array {
    const at = this.take(length);
    const { buffer, byteOffset } = this.buffer;
    const view = new Uint8Array(buffer, byteOffset + at, length);
    return length >= LARGE_BYTES && 2 * length >= buffer.byteLength ? view : view.slice();
  }

  /** A number of items, each of which is at least `least` bytes: more than can be there are refused before room is made for them. */
  count(items: number, least: number): number {
    if (items < 0 || items * least > this.left)
      throw this.malformed(`${items} items are announced, and ${this.left} bytes are there`);
    return items;
  }

  malformed(what: string): LatchkeyError {
    return new LatchkeyError('pyro/malformed', `${this.#format}: ${what}, at byte ${this.#at}`);
  }
}
