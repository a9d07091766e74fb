import {
  Cursor,
  children,
  contextTag,
  type Element,
  readInteger,
  readIntegerBytes,
  TAG,
} from '../asn1/index.ts';
import { type GeneralName, type Name, readGeneralName } from '../x509/index.ts';
import { malformed } from './reading.ts';

/** Whose attributes these are (RFC 5755 §4.2.2). */
export interface Holder {
  /**
   * The holder's certificate by a name and its serial number. The name should be that of its issuer; many servers write its
   * own there.
   */
  readonly certificate?: { readonly name: Name; readonly serialNumber: bigint };
  /** entityName; VOMS servers do not use it. */
  readonly entityNames: readonly GeneralName[];
}

const MAX_NAMES = 16;
const MAX_SERIAL_BYTES = 64;

/** Reads `Holder`; one by the digest of an object is refused, as VOMS servers make none. */
export function readHolder(element: Element): Holder {
  const cursor = new Cursor(element);
  const base = cursor.takeIf(contextTag(0));
  const entity = cursor.takeIf(contextTag(1));
  if (!cursor.done) throw malformed('its holder is given by something else than a certificate or a name');
  if (base === undefined && entity === undefined) throw malformed('it has no holder');
  return {
    ...(base === undefined ? {} : { certificate: readIssuerSerial(base) }),
    entityNames: entity === undefined ? [] : readNames(entity),
  };
}

/** Reads `AttCertIssuer` as v2Form with one directoryName, the only form RFC 5755 §4.2.3 allows. */
export function readIssuer(element: Element): Name {
  const cursor = new Cursor(element);
  const name = readOneName(cursor.take(TAG.sequence), 'issuer');
  cursor.end();
  return name;
}

function readIssuerSerial(element: Element): { name: Name; serialNumber: bigint } {
  const cursor = new Cursor(element);
  const name = readOneName(cursor.take(TAG.sequence), 'holder');
  const serial = cursor.take(TAG.integer);
  if (readIntegerBytes(serial).length > MAX_SERIAL_BYTES)
    throw malformed("its holder's serial number is too long");
  if (cursor.takeIf(TAG.bitString) !== undefined)
    throw malformed('its holder has an issuer with a unique id');
  cursor.end();
  return { name, serialNumber: readInteger(serial) };
}

function readOneName(element: Element, whose: string): Name {
  const [name, ...others] = readNames(element);
  if (name?.type !== 'directory' || others.length > 0)
    throw malformed(`its ${whose} is not exactly one distinguished name`);
  return name.value;
}

function readNames(element: Element): GeneralName[] {
  const names = children(element);
  if (names.length > MAX_NAMES) throw malformed(`${names.length} names of one holder or issuer`);
  return names.map(readGeneralName);
}
