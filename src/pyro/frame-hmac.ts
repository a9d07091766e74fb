import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../kit/index.ts';

/**
 * Pyro4's HMAC: SHA-1 over the payload as it is sent, then over the values of the other annotations in the order of their names.
 * The header and the names are not covered: it keeps strangers out, and does not keep messages in order.
 */
export function frameHmac(
  key: Secret,
  payload: Uint8Array,
  annotations: ReadonlyMap<string, Uint8Array>,
): Buffer {
  const hmac = createHmac('sha1', key.reveal());
  hmac.update(payload);
  for (const name of [...annotations.keys()].sort())
    if (name !== 'HMAC') hmac.update(annotations.get(name) as Uint8Array);
  return hmac.digest();
}

/** True when `given` is the HMAC of payload and annotations; in a time that does not tell how much of it is right. */
export function isFrameHmac(
  key: Secret,
  payload: Uint8Array,
  annotations: ReadonlyMap<string, Uint8Array>,
  given: Uint8Array,
): boolean {
  const expected = frameHmac(key, payload, annotations);
  return given.length === expected.length && timingSafeEqual(expected, given);
}
