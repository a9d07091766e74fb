import { deflateSync, inflateSync } from 'node:zlib';
import { LatchkeyError } from '../kit/index.ts';

/** Shorter payloads are not worth the time. */
const WORTH_IT = 200;

/** The payload compressed (zlib), or undefined where that is not smaller. */
export function compressed(payload: Uint8Array): Uint8Array | undefined {
  if (payload.length < WORTH_IT) return undefined;
  const smaller = deflateSync(payload);
  return smaller.length < payload.length ? smaller : undefined;
}

/** @throws LatchkeyError `pyro/malformed`, `pyro/too-large` */
export function inflated(payload: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return inflateSync(payload, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new LatchkeyError('pyro/too-large', `the message is more than ${maxBytes} bytes when inflated`, {
        hint: 'send it in pieces (a stream, or a file), or raise the limit on both sides',
        details: { maxBytes },
      });
    throw new LatchkeyError('pyro/malformed', 'the compressed payload cannot be inflated', { cause });
  }
}
