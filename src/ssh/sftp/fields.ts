import { LatchkeyError } from '../../kit/index.ts';

/** What a server may not say: a packet that cannot be read means that the rest cannot be believed either. */
export function malformed(what: string, hint?: string): LatchkeyError {
  return new LatchkeyError('ssh/lost', `the sftp server sent ${what}`, {
    retryable: false,
    details: { ran: 'unknown' },
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Reads the fields of one packet (draft-ietf-secsh-filexfer-02 §3; RFC 4251 §5), never beyond its end. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  /** A size or offset; more than 2^53 is nobody's file. */
  uint64(): number {
    const value = this.#take(8).readBigUInt64BE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER;
    return Number(value);
  }

  /** Not a copy. */
  string(): Buffer {
    return this.#take(this.uint32());
  }

  text(): string {
    return this.string().toString('utf8');
  }

  rest(): Buffer {
    return this.#take(this.left);
  }

  #take(length: number): Buffer {
    if (length > this.left) throw malformed('a packet that ends in the middle of a field');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** One field of a packet that is sent. */
export type Field = Buffer;

export function uint32(value: number): Field {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function uint64(value: number): Field {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function string(value: string | Uint8Array): Field {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([uint32(bytes.length), bytes]);
}
