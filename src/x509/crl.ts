import {
  Cursor,
  contextTag,
  type Element,
  encodeInteger,
  readBitString,
  readElement,
  readInteger,
  readIntegerBytes,
  readOnly,
  readSmallInteger,
  readTime,
  TAG,
} from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import type { Certificate } from './certificate.ts';
import { type Extension, findExtension, readExtensions } from './extension.ts';
import { keyUsage } from './key-usage.ts';
import { type Name, namesEqual, parseName } from './name.ts';
import { malformed, reading } from './reading.ts';
import { type Signed, verifySignature } from './signature-algorithm.ts';

/** One revoked certificate (RFC 5280 §5.1.2.6). */
export interface RevokedEntry {
  readonly serialNumber: bigint;
  readonly revokedAt: Date;
  /** CRLReason (RFC 5280 §5.3.1): 1 keyCompromise, 4 superseded, … */
  readonly reason?: number;
}

/** A certificate revocation list (RFC 5280 §5), immutable. */
export interface Crl extends Signed {
  readonly der: Buffer;
  readonly issuer: Name;
  /** A fresh Date each time. */
  readonly thisUpdate: Date;
  /** A fresh Date each time. */
  readonly nextUpdate?: Date | undefined;
  readonly extensions: readonly Extension[];
  /** How many certificates are listed. */
  readonly size: number;
  /** The entry of a serial number, if it is listed. @throws LatchkeyError `x509/malformed` for an entry with bad extensions */
  revoked(serialNumber: bigint): RevokedEntry | undefined;
  /**
   * True when `certificate` issued it: the same name, a keyUsage that (if there is one) has cRLSign, and its key made the signature.
   *
   * @throws LatchkeyError `x509/algorithm-unsupported`
   */
  verifiedBy(certificate: Certificate): boolean;
}

const MAX_CRL_BYTES = 32 << 20;
const REASON_CODE = '2.5.29.21';

/**
 * Reads a DER CRL, of any number of entries (about a microsecond each); the bytes are kept, not copied. An entry's date and
 * extensions are read when it is looked up.
 *
 * @throws LatchkeyError `x509/malformed`, `x509/name-malformed`; also when it is longer than 32 MiB
 */
export function parseCrl(der: Buffer): Crl {
  if (der.length > MAX_CRL_BYTES) throw malformed('CRL', 'it is longer than 32 MiB');
  return reading('CRL', () => readCrl(der));
}

function readCrl(der: Buffer): Crl {
  const outer = new Cursor(readOnly(der, TAG.sequence));
  const tbs = outer.take(TAG.sequence);
  const algorithm = outer.take(TAG.sequence);
  const signature = readBitString(outer.take(TAG.bitString));
  outer.end();
  if (signature.unusedBits !== 0) throw malformed('CRL', 'its signature is not whole bytes');

  const fields = new Cursor(tbs);
  const version = fields.takeIf(TAG.integer);
  if (version !== undefined && readSmallInteger(version) !== 1)
    throw malformed('CRL', 'its version is not 2');
  if (!fields.take(TAG.sequence).der.equals(algorithm.der)) {
    throw malformed('CRL', 'it names two different signature algorithms');
  }
  const issuer = parseName(fields.take(TAG.sequence).der);
  const thisUpdate = readTime(fields.take()).getTime();
  const next = fields.peek();
  const hasNext = next?.tag === TAG.utcTime || next?.tag === TAG.generalizedTime;
  const nextUpdate = hasNext ? readTime(fields.take()).getTime() : undefined;
  const list = fields.takeIf(TAG.sequence);
  const extensionsField = fields.takeIf(contextTag(0));
  fields.end();
  const entries = list === undefined ? new Map<string, number>() : indexEntries(list.contents);
  const extensions =
    extensionsField === undefined ? [] : readExtensions(new Cursor(extensionsField).take(TAG.sequence));

  const crl: Crl = {
    der,
    tbs: tbs.der,
    signatureAlgorithmDer: algorithm.der,
    signature: signature.bytes,
    issuer,
    get thisUpdate(): Date {
      return new Date(thisUpdate);
    },
    get nextUpdate(): Date | undefined {
      return nextUpdate === undefined ? undefined : new Date(nextUpdate);
    },
    extensions,
    size: entries.size,
    revoked: (serialNumber) => {
      const offset = entries.get(serialKey(readElement(encodeInteger(serialNumber))));
      if (offset === undefined || list === undefined) return undefined;
      return reading('CRL entry', () => readEntry(readElement(list.contents, offset)));
    },
    verifiedBy: (certificate) => isVerifiedBy(crl, certificate),
  };
  return Object.freeze(crl);
}

/** Where the entry of each serial number starts. */
function indexEntries(list: Buffer): Map<string, number> {
  const offsets = new Map<string, number>();
  for (let offset = 0; offset < list.length; ) {
    const entry = readElement(list, offset);
    if (entry.tag !== TAG.sequence) throw malformed('CRL', 'an entry that is no SEQUENCE');
    offsets.set(serialKey(readElement(entry.contents)), offset);
    offset += entry.der.length;
  }
  return offsets;
}

function serialKey(serialNumber: Element): string {
  return readIntegerBytes(serialNumber).toString('latin1');
}

function readEntry(entry: Element): RevokedEntry {
  const cursor = new Cursor(entry);
  const serialNumber = readInteger(cursor.take());
  const revokedAt = readTime(cursor.take());
  const list = cursor.takeIf(TAG.sequence);
  cursor.end();
  const extensions = list === undefined ? [] : readExtensions(list);
  const reason = findExtension({ extensions }, REASON_CODE);
  if (reason === undefined) return { serialNumber, revokedAt };
  return { serialNumber, revokedAt, reason: readSmallInteger(readOnly(reason.value), TAG.enumerated) };
}

function isVerifiedBy(crl: Crl, certificate: Certificate): boolean {
  if (!namesEqual(crl.issuer, certificate.subject)) return false;
  try {
    if (keyUsage(certificate)?.has('cRLSign') === false) return false;
    return verifySignature(crl, certificate.publicKey);
  } catch (error) {
    if (isLatchkeyError(error, 'x509/key-malformed') || isLatchkeyError(error, 'x509/malformed'))
      return false;
    throw error;
  }
}
