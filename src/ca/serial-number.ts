import { randomBytes } from 'node:crypto';

/** A random positive serial number of 127 bits, never zero: unguessable, and unique without a counter file (RFC 5280 §4.1.2.2). */
export function randomSerialNumber(): bigint {
  const bytes = randomBytes(16);
  // The top bit is clear, so that DER needs no leading zero; the next is set, so that all have the same length.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return BigInt(`0x${bytes.toString('hex')}`);
}
