import { LatchkeyError, type Secret } from '../kit/index.ts';
import {
  COMPRESSED,
  CORRELATION_BYTES,
  DEFAULT_MAX_FRAME_BYTES,
  type Frame,
  flagsOf,
  frameTooLarge,
  HEADER_BYTES,
  PROTOCOL_NUMBER,
  PYRO5_CORRELATION,
  typeOf,
} from './frame.ts';
import { readAnnotations } from './frame-annotations.ts';
import { inflated } from './frame-compression.ts';
import { checkTag, frameBytesOf, type Header, readHeader, TAG } from './frame-header.ts';
import { isFrameHmac } from './frame-hmac.ts';
import type { PyroVersion } from './serializer.ts';

export interface FrameReaderOptions {
  /** Most bytes of payload and annotations, and of the payload when inflated; default 64 MiB. */
  readonly maxBytes?: number;
  /** With a key, only Pyro4 frames with its HMAC are taken; without, only frames that have none. */
  readonly hmacKey?: Secret;
  /** Only this version is taken; default: that of the first frame. */
  readonly version?: PyroVersion;
}

const NO_ANNOTATIONS: ReadonlyMap<string, Uint8Array> = new Map();
const EMPTY = Buffer.alloc(0);
/** Room is made for so many times what has come. */
const MOST_AHEAD = 16;

/**
 * Cuts a stream of bytes into frames:
 *
 * ```ts
 * reader.push(chunk);
 * for (let frame = reader.next(); frame !== undefined; frame = reader.next()) handle(frame);
 * ```
 *
 * A payload is a view of the chunk it came in wherever it came whole: chunks must not be changed after they were pushed.
 * After an error nothing more can be read: the place where the next frame begins is not known.
 */
export class FrameReader {
  readonly #maxBytes: number;
  #mostInflated: number;
  readonly #hmacKey: Secret | undefined;
  #version: PyroVersion | undefined;
  /** What is not read yet is `#buffer` from `#start` to `#end`. */
  #buffer: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** True when `#buffer` is our own, and what is beyond `#end` may be written. */
  #owned = false;
  /** What came in one chunk with the end of a frame that began in others: it is not copied behind it. */
  #behind: Uint8Array = EMPTY;
  #header: Header | undefined;
  #failed: LatchkeyError | undefined;

  constructor(options: FrameReaderOptions = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_FRAME_BYTES;
    this.#mostInflated = this.#maxBytes;
    this.#hmacKey = options.hmacKey;
    this.#version = options.version;
  }

  /** The version of the protocol, once the first header has told it. */
  get version(): PyroVersion | undefined {
    return this.#version;
  }

  /** Most bytes of a payload when inflated, from now on: a small message of a stranger must not become a large one. */
  limitInflated(bytes: number): void {
    this.#mostInflated = Math.min(bytes, this.#maxBytes);
  }

  /** True when a frame has begun and its end is not there. */
  get isInsideFrame(): boolean {
    return this.#end > this.#start;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0 || this.#failed !== undefined) return;
    const left = this.#end - this.#start;
    if (left === 0) {
      this.#buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.#start = 0;
      this.#end = chunk.length;
      this.#owned = false;
      return;
    }
    const missing = this.#missing(left);
    if (chunk.length > missing && missing > 0) {
      this.#append(left, chunk.subarray(0, missing));
      this.#behind = chunk.subarray(missing);
      return;
    }
    if (this.#behind !== EMPTY) {
      this.#append(left, this.#behind);
      this.#behind = EMPTY;
    }
    this.#append(this.#end - this.#start, chunk);
  }

  /** Bytes that a frame lacks whose header has been read; 0 for one that is whole. */
  #missing(left: number): number {
    return this.#header === undefined ? 0 : Math.max(frameBytesOf(this.#header) - left, 0);
  }

  #append(left: number, bytes: Uint8Array): void {
    this.#reserve(left, bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /**
   * The next whole frame, or undefined until more is pushed.
   *
   * @throws LatchkeyError `pyro/malformed`, `pyro/too-large`, `pyro/hmac`; from then on always the same
   */
  next(): Frame | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      return this.#read();
    } catch (error) {
      if (error instanceof LatchkeyError) this.#failed = error;
      this.#buffer = EMPTY;
      throw error;
    }
  }

  /**
   * Makes room behind what is left: doubling keeps the copying linear whatever the chunks are. A frame whose length is known gets what it
   * needs, but little more than has come of it: an announcement alone takes no memory.
   */
  #reserve(left: number, more: number): void {
    if (this.#owned && this.#end + more <= this.#buffer.length) return;
    const have = left + more;
    const announced = have + this.#missing(have);
    const room = announced > have ? Math.min(announced, MOST_AHEAD * have) : 2 * have;
    const roomy = Buffer.allocUnsafeSlow(Math.max(room, 256));
    this.#buffer.copy(roomy, 0, this.#start, this.#end);
    this.#buffer = roomy;
    this.#start = 0;
    this.#end = left;
    this.#owned = true;
  }

  #read(): Frame | undefined {
    this.#header ??= this.#readHeader();
    const header = this.#header;
    if (header === undefined) return undefined;
    const headerBytes = HEADER_BYTES[header.version];
    const frameBytes = frameBytesOf(header);
    if (this.#end - this.#start < frameBytes) return undefined;
    const begin = this.#start;
    this.#start += frameBytes;
    this.#header = undefined;
    const frame = this.#frame(header, begin, begin + headerBytes, begin + frameBytes);
    if (this.#behind !== EMPTY && this.#start === this.#end) {
      const behind = this.#behind;
      this.#behind = EMPTY;
      this.push(behind);
    }
    return frame;
  }

  #frame(header: Header, begin: number, bodyBegin: number, end: number): Frame {
    const { version } = header;
    const payloadBegin = bodyBegin + header.annotationBytes;
    const sent = this.#buffer.subarray(payloadBegin, end);
    let annotations = NO_ANNOTATIONS;
    let correlation: Uint8Array | undefined;
    if (header.annotationBytes > 0) {
      const all = readAnnotations(this.#buffer, version, bodyBegin, payloadBegin);
      if (version === 4) {
        this.#checkHmac(sent, all);
        correlation = all.get('CORR');
        // It is sent back with the answer, which cannot be written with another.
        if (correlation !== undefined && correlation.length !== CORRELATION_BYTES)
          throw malformed(`a correlation id is ${CORRELATION_BYTES} bytes, not ${correlation.length}`);
        all.delete('CORR');
        all.delete('HMAC');
      }
      annotations = all;
    } else if (this.#hmacKey !== undefined) this.#checkHmac(sent, NO_ANNOTATIONS);
    if (version === 5 && (header.flags & PYRO5_CORRELATION) !== 0)
      correlation = this.#buffer.subarray(begin + 20, begin + 36);
    const type = typeOf(header.type);
    if (type === undefined) throw malformed(`there is no message type ${header.type}`);
    const payload = (header.flags & COMPRESSED) === 0 ? sent : inflated(sent, this.#mostInflated);
    const flags = flagsOf(version, header.flags);
    const { sequence, serializerId } = header;
    return correlation === undefined
      ? { version, type, flags, sequence, serializerId, annotations, payload }
      : { version, type, flags, sequence, serializerId, annotations, payload, correlation };
  }

  #checkHmac(payload: Uint8Array, annotations: ReadonlyMap<string, Uint8Array>): void {
    const key = this.#hmacKey;
    const given = annotations.get('HMAC');
    if (key === undefined && given === undefined) return;
    if (key === undefined)
      throw new LatchkeyError('pyro/hmac', 'the peer has an HMAC key, and none is set here', {
        hint: 'set the key that the peer has (hkey, PYRO_HMAC_KEY)',
      });
    if (given === undefined)
      throw new LatchkeyError('pyro/hmac', 'the peer sends no HMAC, and a key is set here', {
        hint: 'set the same key there (hkey, PYRO_HMAC_KEY)',
      });
    if (!isFrameHmac(key, payload, annotations, given))
      throw new LatchkeyError('pyro/hmac', 'the HMAC of the message is wrong: the peer has another key', {
        hint: 'set the same key on both sides (hkey, PYRO_HMAC_KEY)',
      });
  }

  #readHeader(): Header | undefined {
    const length = this.#end - this.#start;
    if (length < 6) {
      if (length > 0) checkTag(this.#buffer, this.#start, this.#end);
      return undefined;
    }
    if (this.#buffer.readUInt32BE(this.#start) !== TAG) checkTag(this.#buffer, this.#start, this.#end);
    const version = this.#readVersion();
    if (length < HEADER_BYTES[version]) return undefined;
    const header = readHeader(this.#buffer, this.#start, version);
    const bytes = header.payloadBytes + header.annotationBytes;
    if (bytes > this.#maxBytes)
      throw frameTooLarge(bytes, this.#maxBytes, {
        sequence: header.sequence,
        serializerId: header.serializerId,
      });
    return header;
  }

  #readVersion(): PyroVersion {
    const number = this.#buffer.readUInt16BE(this.#start + 4);
    const version = number === PROTOCOL_NUMBER[4] ? 4 : number === PROTOCOL_NUMBER[5] ? 5 : undefined;
    if (version === undefined)
      throw malformed(
        `the peer speaks version ${number} of the protocol; 48 (Pyro4) and 502 (Pyro5) are known`,
      );
    if (this.#version !== undefined && this.#version !== version)
      throw malformed(`the peer spoke Pyro${this.#version} and now speaks Pyro${version}`);
    if (version === 5 && this.#hmacKey !== undefined)
      throw new LatchkeyError(
        'pyro/hmac',
        'the peer speaks Pyro5, which has no HMAC, and a key is set here',
        {
          hint: 'use Pyro4 there, or a server without a key that is reached through a tunnel',
        },
      );
    this.#version = version;
    return version;
  }
}

function malformed(message: string): LatchkeyError {
  return new LatchkeyError('pyro/malformed', message);
}
