import { LatchkeyError, quote } from '../kit/index.ts';
import type { PyroVersion } from './serializer.ts';

/**
 * The annotations of a frame, by their four letters, as views of the buffer. `CORR` and `HMAC` are among them.
 *
 * @throws LatchkeyError `pyro/malformed`
 */
export function readAnnotations(
  buffer: Buffer,
  version: PyroVersion,
  begin: number,
  end: number,
): Map<string, Uint8Array> {
  const annotations = new Map<string, Uint8Array>();
  const entryHeader = version === 4 ? 6 : 8;
  let at = begin;
  while (at < end) {
    if (at + entryHeader > end) throw malformed('an annotation is cut off');
    const name = buffer.toString('latin1', at, at + 4);
    const length = version === 4 ? buffer.readUInt16BE(at + 4) : buffer.readUInt32BE(at + 4);
    at += entryHeader;
    if (at + length > end)
      throw malformed(`the annotation ${quote(name)} is longer than the annotations are`);
    if (annotations.has(name)) throw malformed(`the annotation ${quote(name)} is there twice`);
    annotations.set(name, buffer.subarray(at, at + length));
    at += length;
  }
  return annotations;
}

function malformed(message: string): LatchkeyError {
  return new LatchkeyError('pyro/malformed', message);
}
