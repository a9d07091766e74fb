import { timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

/** A pass phrase, key or token. Printing, JSON and inspection give `[secret]`; only {@link Secret.reveal} gives the bytes. */
export class Secret {
  readonly #bytes: Buffer;

  /** @param value text (UTF-8) or bytes; bytes are copied */
  constructor(value: string | Uint8Array) {
    this.#bytes = Buffer.from(value as Uint8Array);
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /** Length in bytes. */
  get length(): number {
    return this.#bytes.length;
  }

  /** The bytes themselves. Every use of this is greppable; never pass the result to a log, an error or argv. */
  reveal(): Buffer {
    return this.#bytes;
  }

  /** The secret as UTF-8 text. The same care applies as for {@link reveal}. */
  revealText(): string {
    return this.#bytes.toString('utf8');
  }

  /** Compares in time that depends on the lengths only. */
  equals(other: Secret): boolean {
    return this.#bytes.length === other.#bytes.length && timingSafeEqual(this.#bytes, other.#bytes);
  }

  /** Overwrites the bytes; the secret is then all zeros. */
  wipe(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
