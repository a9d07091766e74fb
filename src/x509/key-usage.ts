import { encodeBitString, readBitString, readOnly, TAG } from '../asn1/index.ts';
import { type Extended, type Extension, findExtension } from './extension.ts';
import { reading } from './reading.ts';

const BITS = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** What a key may be used for (RFC 5280 §4.2.1.3). */
export type KeyUsage = (typeof BITS)[number];

const KEY_USAGE = '2.5.29.15';

/** The keyUsage of a certificate or request; undefined when it does not say. @throws LatchkeyError `x509/malformed` */
export function keyUsage(x: Extended): ReadonlySet<KeyUsage> | undefined {
  const extension = findExtension(x, KEY_USAGE);
  if (extension === undefined) return undefined;
  const { bytes } = reading('keyUsage', () => readBitString(readOnly(extension.value, TAG.bitString)));
  return new Set(BITS.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
}

/** The extension, critical; trailing zero bits are cut off as DER wants of named bits (X.690 §11.2.2). */
export function keyUsageExtension(usages: Iterable<KeyUsage>): Extension {
  const bytes = Buffer.alloc(2);
  let last = -1;
  for (const usage of usages) {
    const bit = BITS.indexOf(usage);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
    last = Math.max(last, bit);
  }
  const length = (last >> 3) + 1;
  const unusedBits = last < 0 ? 0 : 7 - (last & 7);
  return { oid: KEY_USAGE, critical: true, value: encodeBitString(bytes.subarray(0, length), unusedBits) };
}
