import { children, encodeOid, encodeSequence, readOid, readOnly, TAG } from '../asn1/index.ts';
import { type Extended, type Extension, findExtension } from './extension.ts';
import { reading } from './reading.ts';

/** Object identifier of the extension. */
export const EXTENDED_KEY_USAGE = '2.5.29.37';

/** Purposes that are asked about here (RFC 5280 §4.2.1.12). */
export const EKU = {
  any: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** The purposes (dotted object identifiers); undefined when the certificate does not say. @throws LatchkeyError `x509/malformed` */
export function extendedKeyUsage(x: Extended): readonly string[] | undefined {
  const extension = findExtension(x, EXTENDED_KEY_USAGE);
  if (extension === undefined) return undefined;
  return reading('extendedKeyUsage', () =>
    children(readOnly(extension.value, TAG.sequence)).map((oid) => readOid(oid)),
  );
}

/** The extension, not critical. */
export function extendedKeyUsageExtension(oids: readonly string[]): Extension {
  return { oid: EXTENDED_KEY_USAGE, critical: false, value: encodeSequence(...oids.map(encodeOid)) };
}
