import { LatchkeyError } from '../../kit/index.ts';

/** Reads SSH's own encoding (RFC 4251 §5) from front to back. Everything throws LatchkeyError `ssh/key-malformed` at the end of the bytes. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at)
      throw keyMalformed('a key that ends in the middle of a field');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  uint64(): bigint {
    return this.take(8).readBigUInt64BE();
  }

  string(): Buffer {
    return this.take(this.uint32());
  }

  text(): string {
    return this.string().toString('utf8');
  }

  /** A positive multiple precision integer without its leading zero byte. */
  positive(): Buffer {
    const bytes = this.string();
    const [first, second] = bytes;
    if (first === undefined || first >= 0x80) throw keyMalformed('a key with a number that is not positive');
    if (first !== 0) return bytes;
    if (second === undefined || second < 0x80)
      throw keyMalformed('a key with a number not in its shortest form');
    return bytes.subarray(1);
  }

  rest(): Buffer {
    return this.take(this.#bytes.length - this.#at);
  }
}

/** Bytes with their length in front. */
export function wireString(bytes: Uint8Array | string): Buffer {
  const body = Buffer.from(bytes as Uint8Array);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** A positive number as a multiple precision integer. */
export function wirePositive(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
  return wireString((short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), short]) : short);
}

export function keyMalformed(message: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('ssh/key-malformed', message, cause === undefined ? {} : { cause });
}
