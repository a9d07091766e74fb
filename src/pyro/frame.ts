import { LatchkeyError, type Secret } from '../kit/index.ts';
import { compressed } from './frame-compression.ts';
import { frameHmac } from './frame-hmac.ts';
import type { PyroVersion } from './serializer.ts';

export type FrameType = 'connect' | 'connect-ok' | 'connect-fail' | 'invoke' | 'result' | 'ping';

/** What a frame says of its payload. */
export interface FrameFlags {
  /** The payload is an exception. */
  readonly exception?: boolean;
  /** No answer is wanted. */
  readonly oneway?: boolean;
  /** The arguments are a list of calls. */
  readonly batch?: boolean;
  /** Pyro4, in `connect`: the answer is to tell what the object can do. Pyro5's answers always do. */
  readonly metadata?: boolean;
  /** The result is a stream, whose id is the annotation `STRM`. */
  readonly stream?: boolean;
  /** The payload is to be passed on as it is. */
  readonly keepSerialized?: boolean;
}

/** Nothing to say. */
export const NO_FLAGS: FrameFlags = Object.freeze({});

/** One message of the protocol. */
export interface Frame {
  readonly version: PyroVersion;
  readonly type: FrameType;
  readonly flags: FrameFlags;
  /** 0 to 65535; an answer repeats that of its question. */
  readonly sequence: number;
  readonly serializerId: number;
  /** By their four letters, without `CORR` and `HMAC`. */
  readonly annotations: ReadonlyMap<string, Uint8Array>;
  /** Uncompressed. */
  readonly payload: Uint8Array;
  /** 16 bytes by which calls that belong together are known. */
  readonly correlation?: Uint8Array;
}

export interface EncodeFrameOptions {
  /** Pyro4: adds the HMAC that a peer with the same key wants. */
  readonly hmacKey?: Secret;
  /** Compresses payloads that become smaller by it. Default false. */
  readonly compress?: boolean;
  /** Most bytes of payload and annotations; default {@link DEFAULT_MAX_FRAME_BYTES}. */
  readonly maxBytes?: number;
}

/** 64 MiB. */
export const DEFAULT_MAX_FRAME_BYTES = 64 * 1024 * 1024;

export const HEADER_BYTES: Readonly<Record<PyroVersion, number>> = { 4: 24, 5: 40 };
export const PROTOCOL_NUMBER: Readonly<Record<PyroVersion, number>> = { 4: 48, 5: 502 };
export const PYRO5_MAGIC = 0x4dc5;

const TYPES: readonly FrameType[] = ['connect', 'connect-ok', 'connect-fail', 'invoke', 'result', 'ping'];
/** Set by the frame itself. */
export const COMPRESSED = 0x02;
export const PYRO5_CORRELATION = 0x40;
export const CORRELATION_BYTES = 16;
type FlagBits = readonly (readonly [keyof FrameFlags, number])[];
const FLAG_BITS: Readonly<Record<PyroVersion, FlagBits>> = {
  4: [
    ['exception', 0x01],
    ['oneway', 0x04],
    ['batch', 0x08],
    ['metadata', 0x10],
    ['stream', 0x20],
    ['keepSerialized', 0x40],
  ],
  5: [
    ['exception', 0x01],
    ['oneway', 0x04],
    ['batch', 0x08],
    ['stream', 0x10],
    ['keepSerialized', 0x20],
  ],
};

/** A payload as long as that is not copied behind its header. */
const LARGE_PAYLOAD_BYTES = 1 << 16;

/**
 * The bytes of a frame, in one piece.
 *
 * @throws LatchkeyError `pyro/too-large`; TypeError for fields that do not fit
 */
export function encodeFrame(frame: Frame, options: EncodeFrameOptions = {}): Buffer {
  const [first, second] = framePieces(frame, options);
  return second === undefined ? first : Buffer.concat([first, second]);
}

/** The bytes of a frame, as {@link encodeFrame} gives them, but a large payload as it is, in a piece of its own. */
export function framePieces(
  frame: Frame,
  options: EncodeFrameOptions,
): readonly [first: Buffer, largePayload?: Uint8Array] {
  const { version } = frame;
  if (version === 5 && options.hmacKey !== undefined)
    throw new TypeError('version 5 of the protocol has no HMAC');
  const smaller = options.compress === true ? compressed(frame.payload) : undefined;
  const payload = smaller ?? frame.payload;
  const annotations = allAnnotations(frame, payload, options.hmacKey);
  const entryHeader = version === 4 ? 6 : 8;
  let annotationBytes = 0;
  for (const [, bytes] of annotations) annotationBytes += entryHeader + bytes.length;
  checkSizes(frame, payload.length, annotationBytes, options.maxBytes ?? DEFAULT_MAX_FRAME_BYTES);

  const headerBytes = HEADER_BYTES[version];
  const isLarge = payload.length >= LARGE_PAYLOAD_BYTES;
  const out = Buffer.allocUnsafe(headerBytes + annotationBytes + (isLarge ? 0 : payload.length));
  const flags = flagBits(frame) | (smaller === undefined ? 0 : COMPRESSED);
  if (version === 4) writeHeader4(out, frame, flags, payload.length, annotationBytes);
  else writeHeader5(out, frame, flags, payload.length, annotationBytes);
  let at = headerBytes;
  for (const [name, bytes] of annotations) {
    out.write(name, at, 'latin1');
    if (version === 4) out.writeUInt16BE(bytes.length, at + 4);
    else out.writeUInt32BE(bytes.length, at + 4);
    out.set(bytes, at + entryHeader);
    at += entryHeader + bytes.length;
  }
  if (isLarge) return [out, payload];
  out.set(payload, at);
  return [out];
}

function allAnnotations(
  frame: Frame,
  payload: Uint8Array,
  hmacKey: Secret | undefined,
): ReadonlyMap<string, Uint8Array> {
  if (frame.version === 5 || (frame.correlation === undefined && hmacKey === undefined))
    return frame.annotations;
  const all = new Map(frame.annotations);
  if (frame.correlation !== undefined) all.set('CORR', frame.correlation);
  if (hmacKey !== undefined) all.set('HMAC', frameHmac(hmacKey, payload, all));
  return all;
}

function checkSizes(frame: Frame, payloadBytes: number, annotationBytes: number, maxBytes: number): void {
  if (payloadBytes + annotationBytes > maxBytes)
    throw frameTooLarge(payloadBytes + annotationBytes, maxBytes);
  if (frame.version === 4 && annotationBytes > 0xffff)
    throw new LatchkeyError(
      'pyro/too-large',
      `the annotations are ${annotationBytes} bytes, at most 65535 fit in a Pyro4 frame`,
    );
  for (const name of frame.annotations.keys())
    if (!/^[\x21-\x7e]{4}$/.test(name))
      throw new TypeError(`an annotation is named by four ASCII characters, not ${JSON.stringify(name)}`);
  if (frame.correlation !== undefined && frame.correlation.length !== CORRELATION_BYTES)
    throw new TypeError(`a correlation id is ${CORRELATION_BYTES} bytes, not ${frame.correlation.length}`);
  if (!(frame.sequence >= 0 && frame.sequence <= 0xffff))
    throw new TypeError(`a sequence number is 0 to 65535, not ${frame.sequence}`);
  if (!(frame.serializerId >= 0 && frame.serializerId <= (frame.version === 4 ? 0xffff : 0xff)))
    throw new TypeError(`${frame.serializerId} is no number of a serializer`);
}

/** @param which what its header says, so that the other side can be told */
export function frameTooLarge(
  bytes: number,
  maxBytes: number,
  which: { readonly sequence?: number; readonly serializerId?: number } = {},
): LatchkeyError {
  return new LatchkeyError(
    'pyro/too-large',
    `the message is ${bytes} bytes, at most ${maxBytes} are allowed`,
    {
      hint: 'send it in pieces (a stream, or a file), or raise the limit on both sides',
      details: { bytes, maxBytes, ...which },
    },
  );
}

function flagBits(frame: Frame): number {
  if (frame.flags === NO_FLAGS) return 0;
  let bits = 0;
  for (const [name, bit] of FLAG_BITS[frame.version]) if (frame.flags[name] === true) bits |= bit;
  return bits;
}

/** The flags that the bits of a header mean. */
export function flagsOf(version: PyroVersion, bits: number): FrameFlags {
  if ((bits & ~(COMPRESSED | PYRO5_CORRELATION)) === 0 && (version === 5 || (bits & 0x40) === 0))
    return NO_FLAGS;
  const flags: { -readonly [K in keyof FrameFlags]: FrameFlags[K] } = {};
  for (const [name, bit] of FLAG_BITS[version]) if ((bits & bit) !== 0) flags[name] = true;
  return flags;
}

/** The type that a header's number means, if any. */
export function typeOf(number: number): FrameType | undefined {
  return TYPES[number - 1];
}

function writeHeader4(
  out: Buffer,
  frame: Frame,
  flags: number,
  payloadBytes: number,
  annotationBytes: number,
): void {
  const type = TYPES.indexOf(frame.type) + 1;
  out.write('PYRO', 0, 'latin1');
  out.writeUInt16BE(PROTOCOL_NUMBER[4], 4);
  out.writeUInt16BE(type, 6);
  out.writeUInt16BE(flags, 8);
  out.writeUInt16BE(frame.sequence, 10);
  out.writeInt32BE(payloadBytes, 12);
  out.writeUInt16BE(frame.serializerId, 16);
  out.writeUInt16BE(annotationBytes, 18);
  out.writeUInt16BE(0, 20);
  const checksum = headerChecksum(
    type,
    flags,
    frame.sequence,
    payloadBytes,
    frame.serializerId,
    annotationBytes,
  );
  out.writeUInt16BE(checksum, 22);
}

/** Pyro4's checksum: the sum of the fields, to tell a header from other bytes. */
export function headerChecksum(
  type: number,
  flags: number,
  sequence: number,
  payloadBytes: number,
  serializerId: number,
  annotationBytes: number,
): number {
  return (
    (type + PROTOCOL_NUMBER[4] + payloadBytes + annotationBytes + serializerId + flags + sequence + 0x34e9) &
    0xffff
  );
}

function writeHeader5(
  out: Buffer,
  frame: Frame,
  flags: number,
  payloadBytes: number,
  annotationBytes: number,
): void {
  const correlation = frame.correlation;
  out.write('PYRO', 0, 'latin1');
  out.writeUInt16BE(PROTOCOL_NUMBER[5], 4);
  out[6] = TYPES.indexOf(frame.type) + 1;
  out[7] = frame.serializerId;
  out.writeUInt16BE(correlation === undefined ? flags : flags | PYRO5_CORRELATION, 8);
  out.writeUInt16BE(frame.sequence, 10);
  out.writeUInt32BE(payloadBytes, 12);
  out.writeUInt32BE(annotationBytes, 16);
  if (correlation === undefined) out.fill(0, 20, 36);
  else out.set(correlation, 20);
  out.writeUInt16BE(0, 36);
  out.writeUInt16BE(PYRO5_MAGIC, 38);
}
