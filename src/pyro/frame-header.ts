import { LatchkeyError, quote } from '../kit/index.ts';
import { HEADER_BYTES, headerChecksum, PYRO5_MAGIC } from './frame.ts';
import type { PyroVersion } from './serializer.ts';

/** What every message begins with: `PYRO`. */
export const TAG = 0x5059524f;

/** The header of a frame as it stands there. */
export interface Header {
  readonly version: PyroVersion;
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly serializerId: number;
  readonly payloadBytes: number;
  readonly annotationBytes: number;
}

/** Bytes of the whole frame. */
export function frameBytesOf({ version, annotationBytes, payloadBytes }: Header): number {
  return HEADER_BYTES[version] + annotationBytes + payloadBytes;
}

/**
 * Reads a header that is there as a whole, and begins with the tag and the version's number.
 *
 * @throws LatchkeyError `pyro/malformed`
 */
export function readHeader(buffer: Buffer, at: number, version: PyroVersion): Header {
  return version === 4 ? readHeader4(buffer, at) : readHeader5(buffer, at);
}

/** Says at the first bytes that this is no Pyro peer. */
export function checkTag(buffer: Buffer, start: number, end: number): void {
  const length = Math.min(end - start, 4);
  for (let i = 0; i < length; i++) {
    if (buffer[start + i] === ((TAG >>> (24 - 8 * i)) & 0xff)) continue;
    const came = buffer.toString('latin1', start, Math.min(end, start + 16));
    throw malformed(`a message begins with PYRO, not ${quote(came)}: this is another protocol`);
  }
}

function readHeader4(b: Buffer, at: number): Header {
  const header: Header = {
    version: 4,
    type: b.readUInt16BE(at + 6),
    flags: b.readUInt16BE(at + 8),
    sequence: b.readUInt16BE(at + 10),
    payloadBytes: b.readInt32BE(at + 12),
    serializerId: b.readUInt16BE(at + 16),
    annotationBytes: b.readUInt16BE(at + 18),
  };
  const { type, flags, sequence, payloadBytes, serializerId, annotationBytes } = header;
  if (payloadBytes < 0) throw malformed(`a payload of ${payloadBytes} bytes`);
  const checksum = headerChecksum(type, flags, sequence, payloadBytes, serializerId, annotationBytes);
  if (b.readUInt16BE(at + 22) !== checksum) throw malformed('the checksum of the header is wrong');
  return header;
}

function readHeader5(b: Buffer, at: number): Header {
  if (b.readUInt16BE(at + 38) !== PYRO5_MAGIC)
    throw malformed('the header does not end with its magic number');
  return {
    version: 5,
    type: b[at + 6] as number,
    serializerId: b[at + 7] as number,
    flags: b.readUInt16BE(at + 8),
    sequence: b.readUInt16BE(at + 10),
    payloadBytes: b.readUInt32BE(at + 12),
    annotationBytes: b.readUInt32BE(at + 16),
  };
}

function malformed(message: string): LatchkeyError {
  return new LatchkeyError('pyro/malformed', message);
}
