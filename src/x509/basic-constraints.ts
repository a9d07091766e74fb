import {
  Cursor,
  encodeBoolean,
  encodeInteger,
  encodeSequence,
  readBoolean,
  readOnly,
  readSmallInteger,
  TAG,
} from '../asn1/index.ts';
import { type Extended, type Extension, findExtension } from './extension.ts';
import { malformed, reading } from './reading.ts';

/** BasicConstraints (RFC 5280 §4.2.1.9): is it a CA, and how many CAs may follow below it. */
export interface BasicConstraints {
  readonly isCa: boolean;
  readonly pathLength?: number;
}

const BASIC_CONSTRAINTS = '2.5.29.19';

/** The basicConstraints of a certificate or request, if it has any. @throws LatchkeyError `x509/malformed` */
export function basicConstraints(x: Extended): BasicConstraints | undefined {
  const extension = findExtension(x, BASIC_CONSTRAINTS);
  if (extension === undefined) return undefined;
  return reading('basicConstraints', () => {
    const cursor = new Cursor(readOnly(extension.value, TAG.sequence));
    const ca = cursor.takeIf(TAG.boolean);
    const pathLength = cursor.takeIf(TAG.integer);
    cursor.end();
    const isCa = ca !== undefined && readBoolean(ca);
    if (pathLength === undefined) return { isCa };
    const value = readSmallInteger(pathLength);
    if (value < 0) throw malformed('basicConstraints', 'a negative path length');
    return { isCa, pathLength: value };
  });
}

/** The extension, critical as RFC 5280 asks of CAs. */
export function basicConstraintsExtension({ isCa, pathLength }: BasicConstraints): Extension {
  const fields = [
    ...(isCa ? [encodeBoolean(true)] : []),
    ...(pathLength === undefined ? [] : [encodeInteger(pathLength)]),
  ];
  return { oid: BASIC_CONSTRAINTS, critical: true, value: encodeSequence(...fields) };
}
