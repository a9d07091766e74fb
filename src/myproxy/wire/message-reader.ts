import { readElement, TAG } from '../../asn1/index.ts';
import { type Clock, LatchkeyError } from '../../kit/index.ts';
import {
  authorizationMethod,
  certificateCount,
  MAX_REPLY_TEXT_BYTES,
  REPLY_HEADER_BYTES,
  replySignatureLength,
} from './authorization-reply.ts';
import { chainTooLong, MAX_CHAIN_LENGTH, notCertificate } from './chain.ts';
import { StreamBuffer } from './stream-buffer.ts';
import { type EndDetector, pemEnd, textEnd } from './text-end.ts';
import type { ByteSource } from './wire.ts';

/** How a {@link MessageReader} reads. */
export interface MessageReaderOptions {
  /** Most bytes of one message; default 1 MiB, as the C server's `request_size_limit`. `Infinity` for none. */
  readonly maxMessageBytes?: number;
  /**
   * Milliseconds of silence after which a whole text without its final NUL counts as ended. Default 150; ten times
   * that when the text came in several pieces, because such a peer is slow.
   */
  readonly graceMs?: number;
  /** Milliseconds of silence inside a text after which even an incomplete one counts as ended. Default 10,000. */
  readonly giveUpMs?: number;
  /** Drop one NUL before the first message: C servers send it after a TLS 1.3 handshake. Default false. */
  readonly skipLeadingNul?: boolean;
  /** Ends every read, present and future, with `myproxy/timed-out`, `myproxy/cancelled` or its own LatchkeyError. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** What the text messages of both sides begin with. */
const TEXT_START = Buffer.from('VERSION=');

/**
 * Cuts a stream of bytes into MyProxy messages by their own structure, never by record or chunk borders.
 * A peer that ends its texts with NUL is never waited for.
 *
 * Every method rejects with `myproxy/closed` when the peer closes (`details.betweenMessages` tells where),
 * `myproxy/too-large`, `myproxy/malformed`, or as the signal says; after that, so does every further one.
 */
export class MessageReader {
  readonly #stream: StreamBuffer;
  readonly #graceMs: number;
  readonly #giveUpMs: number;
  #skipNul: boolean;

  constructor(source: ByteSource, options: MessageReaderOptions = {}) {
    this.#stream = new StreamBuffer(source, {
      maxMessageBytes: options.maxMessageBytes ?? 1 << 20,
      signal: options.signal,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
    this.#graceMs = options.graceMs ?? 150;
    this.#giveUpMs = options.giveUpMs ?? 10_000;
    this.#skipNul = options.skipLeadingNul ?? false;
  }

  /**
   * Reads the one byte with which a client opens: `0`, no GSI delegation. More may follow in the same record.
   *
   * @throws LatchkeyError `myproxy/unsupported` for `D`, a GSI delegation; `myproxy/malformed` for anything else
   */
  async delegationFlag(): Promise<void> {
    await this.#begin(1);
    const flag = this.#stream.take(1).toString('latin1');
    if (flag === '0') return;
    throw this.#stream.fail(
      flag === 'D'
        ? new LatchkeyError(
            'myproxy/unsupported',
            'the client wants a GSI delegation, which MyProxy has none of',
          )
        : new LatchkeyError('myproxy/malformed', `expected the byte "0" and got ${JSON.stringify(flag)}`),
    );
  }

  /** True when the next message is text (`VERSION=`…): an error where a request or a chain was due. Consumes nothing. */
  async nextIsText(): Promise<boolean> {
    for (let length = 1; ; length += 1) {
      await this.#begin(length);
      const start = this.#stream.unread.subarray(0, TEXT_START.length);
      if (!start.equals(TEXT_START.subarray(0, start.length))) return false;
      if (start.length === TEXT_START.length) return true;
    }
  }

  /** One text message, without its final NUL; also of a peer that sends none. */
  async text(): Promise<Buffer> {
    return await this.#untilNul(textEnd());
  }

  /** A PEM payload (STORE, RETRIEVE), without its final NUL; also of a peer that sends none. */
  async pem(): Promise<Buffer> {
    return await this.#untilNul(pemEnd());
  }

  /** One DER sequence, such as a certificate request. */
  async der(): Promise<Buffer> {
    await this.#begin(1);
    return this.#stream.take(await this.#element(0, (tag) => notSequence(tag)));
  }

  /**
   * The certificates of a chain message, DER, leaf first. The count ends the message; what is there already and looks
   * like one more certificate is taken too, and a text may end it early, because the C receiver does not count.
   */
  async chain(): Promise<Buffer[]> {
    await this.#begin(1);
    const count = this.#stream.unread[0] ?? 0;
    if (count === 0) {
      throw this.#stream.fail(
        new LatchkeyError('myproxy/malformed', 'expected a certificate chain and got none'),
      );
    }
    const lengths: number[] = [];
    for (let offset = 1; ; ) {
      const next = this.#stream.unread[offset];
      if (lengths.length >= count && next !== TAG.sequence) break;
      if (lengths.length > 0 && next === TEXT_START[0]) break;
      if (lengths.length > 0 && next === undefined && this.#stream.ended) break;
      if (next === undefined) {
        if ((await this.#stream.more()) === 'end' && lengths.length === 0) throw this.#stream.closed();
        continue;
      }
      if (lengths.length === MAX_CHAIN_LENGTH) throw this.#stream.fail(chainTooLong());
      const length = await this.#element(offset, (tag) => notCertificate(lengths.length, tag));
      lengths.push(length);
      offset += length;
    }
    this.#stream.take(1);
    return lengths.map((length) => this.#stream.take(length));
  }

  /** One whole authorization reply, for `parseAuthorizationReply`. */
  async authorizationReply(): Promise<Buffer> {
    await this.#begin(REPLY_HEADER_BYTES);
    const { method, digest } = this.#check(() => authorizationMethod(this.#stream.unread));
    if (digest === undefined) {
      return await this.#replyText(method === 'SASL');
    }
    await this.#stream.need(REPLY_HEADER_BYTES + 4);
    const length = this.#check(() => replySignatureLength(this.#stream.unread.subarray(REPLY_HEADER_BYTES)));
    let offset = REPLY_HEADER_BYTES + 4 + length + 1;
    await this.#stream.need(offset);
    const count = this.#check(() => certificateCount(this.#stream.unread[offset - 1] ?? 0));
    for (let index = 0; index < count; index += 1) {
      offset += await this.#element(offset, (tag) => notCertificate(index, tag));
    }
    return this.#stream.take(offset);
  }

  /** Waits for the next byte or the end: true when the peer has closed and nothing is left. Consumes nothing. */
  async atEnd(): Promise<boolean> {
    while (this.#stream.length === 0) {
      if ((await this.#stream.more()) === 'end') return true;
    }
    return false;
  }

  /** Waits for the first bytes of a message. */
  async #begin(length: number): Promise<void> {
    if (this.#skipNul) {
      await this.#stream.need(1);
      this.#skipNul = false;
      if (this.#stream.unread[0] === 0) this.#stream.take(1);
    }
    await this.#stream.need(length);
  }

  async #untilNul(detector: EndDetector): Promise<Buffer> {
    await this.#begin(1);
    for (let scanned = 0; ; ) {
      const { unread } = this.#stream;
      const nul = unread.indexOf(0, scanned);
      if (nul >= 0) {
        this.#stream.checkLength(nul + 1);
        return this.#stream.take(nul + 1).subarray(0, nul);
      }
      scanned = unread.length;
      const mayEnd = detector.mayEnd(unread);
      const silenceMs = !mayEnd ? this.#giveUpMs : this.#graceMs * (this.#stream.chunks > 1 ? 10 : 1);
      const arrival = await this.#stream.more(silenceMs);
      if (arrival === 'end' && !mayEnd) throw this.#stream.closed();
      if (arrival !== 'bytes') {
        this.#stream.checkLength(scanned);
        return this.#stream.take(scanned);
      }
    }
  }

  /** Waits for the whole DER sequence at `offset` of the unread bytes; its length. */
  async #element(offset: number, wrongTag: (tag: number) => LatchkeyError): Promise<number> {
    await this.#stream.need(offset + 1);
    const tag = this.#stream.unread[offset] ?? 0;
    if (tag !== TAG.sequence) throw this.#stream.fail(wrongTag(tag));
    await this.#stream.need(offset + 2);
    const first = this.#stream.unread[offset + 1] ?? 0;
    const lengthBytes = first > 0x80 && first <= 0x84 ? first & 0x7f : 0;
    await this.#stream.need(offset + 2 + lengthBytes);
    const announced =
      lengthBytes === 0 ? first & 0x7f : this.#stream.unread.readUIntBE(offset + 2, lengthBytes);
    const end = offset + 2 + lengthBytes + announced;
    this.#stream.checkLength(end);
    await this.#stream.need(end);
    return this.#check(() => readElement(this.#stream.unread, offset)).der.length;
  }

  /** A reply of text: up to its NUL. An empty one, which SASL starts with, may end with its header. */
  async #replyText(mayBeEmpty: boolean): Promise<Buffer> {
    for (;;) {
      const { unread } = this.#stream;
      const nul = unread.indexOf(0, REPLY_HEADER_BYTES);
      if (nul >= 0) return this.#stream.take(nul + 1);
      if (unread.length > REPLY_HEADER_BYTES + MAX_REPLY_TEXT_BYTES) {
        throw this.#stream.fail(
          new LatchkeyError('myproxy/too-large', 'an authorization reply that does not end'),
        );
      }
      const mayEnd = mayBeEmpty || unread.length > REPLY_HEADER_BYTES;
      const arrival = await this.#stream.more(mayEnd ? this.#graceMs : undefined);
      if (arrival === 'end' && !mayEnd) throw this.#stream.closed();
      if (arrival !== 'bytes') return this.#stream.take(this.#stream.length);
    }
  }

  #check<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      throw this.#stream.fail(error);
    }
  }
}

function notSequence(tag: number): LatchkeyError {
  return new LatchkeyError(
    'myproxy/malformed',
    `expected a DER sequence and got a byte 0x${tag.toString(16).padStart(2, '0')}`,
  );
}
