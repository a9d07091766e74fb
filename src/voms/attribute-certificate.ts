import {
  Cursor,
  contextTag,
  type Element,
  malformed as malformedDer,
  readBitString,
  readInteger,
  readIntegerBytes,
  readOid,
  readOnly,
  readSmallInteger,
  readTime,
  TAG,
} from '../asn1/index.ts';
import { type Certificate, type Extension, type Name, readExtensions, type Signed } from '../x509/index.ts';
import {
  readAuthorityKeyIdentifier,
  readIssuerCertificates,
  readNoRevocation,
  readTargets,
} from './extensions.ts';
import { type GenericAttribute, readGenericAttributes } from './generic-attributes.ts';
import { type Holder, readHolder, readIssuer } from './holder.ts';
import { VOMS } from './identifiers.ts';
import { type Membership, readMembership } from './membership.ts';
import { malformed, reading } from './reading.ts';

/**
 * An attribute certificate of a VOMS server (RFC 5755 §4.1, with the attributes of VOMS), immutable. Nothing in it is to be believed
 * before it has been validated; its buffers are slices of `der` and must not be written to.
 */
export interface AttributeCertificate extends Signed, Membership {
  readonly der: Buffer;
  /** 2: there is no other. */
  readonly version: 2;
  readonly holder: Holder;
  /** The server, by name. */
  readonly issuer: Name;
  /** Dotted object identifier. */
  readonly signatureAlgorithm: string;
  readonly serialNumber: bigint;
  /** A fresh Date each time. */
  readonly notBefore: Date;
  /** A fresh Date each time. */
  readonly notAfter: Date;
  readonly genericAttributes: readonly GenericAttribute[];
  /** Hosts that it is meant for; undefined when it is for all. */
  readonly targets: readonly string[] | undefined;
  /** The server's certificate first, then those above it, as far as the server sent them; empty when it did not. */
  readonly issuerCertificates: readonly Certificate[];
  readonly hasNoRevocation: boolean;
  readonly authorityKeyIdentifier: Buffer | undefined;
  readonly extensions: readonly Extension[];
}

/** Longest attribute certificate that is looked at, in bytes. */
const MAX_ATTRIBUTE_CERTIFICATE_BYTES = 1 << 18;
/** RFC 5755 §4.2.5. */
const MAX_SERIAL_BYTES = 20;

/**
 * Reads a DER attribute certificate; the bytes are copied once.
 *
 * @throws LatchkeyError `voms/malformed`; also when it is longer than 256 KiB, or lacks what VOMS wants in it
 */
export function parseAttributeCertificate(der: Buffer): AttributeCertificate {
  if (der.length > MAX_ATTRIBUTE_CERTIFICATE_BYTES)
    throw malformed(`${der.length} bytes, where ${MAX_ATTRIBUTE_CERTIFICATE_BYTES} are the limit`);
  return reading('attribute certificate', () => readAttributeCertificate(Buffer.from(der)));
}

function readAttributeCertificate(der: Buffer): AttributeCertificate {
  const outer = new Cursor(readOnly(der, TAG.sequence));
  const tbs = outer.take(TAG.sequence);
  const algorithm = outer.take(TAG.sequence);
  const signature = readBitString(outer.take(TAG.bitString));
  outer.end();
  if (signature.unusedBits !== 0) throw malformed('its signature is not whole bytes');

  const fields = new Cursor(tbs);
  if (readSmallInteger(fields.take(TAG.integer)) !== 1) throw malformed('it is not of version 2');
  const holder = readHolder(fields.take(TAG.sequence));
  const issuer = readIssuer(fields.take(contextTag(0)));
  if (!fields.take(TAG.sequence).der.equals(algorithm.der))
    throw malformed('it names two different signature algorithms');
  const serial = fields.take(TAG.integer);
  if (readIntegerBytes(serial).length > MAX_SERIAL_BYTES) throw malformed('its serial number is too long');
  const [notBefore, notAfter] = readValidity(fields.take(TAG.sequence));
  const membership = readMembership(fields.take(TAG.sequence));
  fields.takeIf(TAG.bitString);
  const extensions = fields.done ? [] : readExtensions(fields.take(TAG.sequence));
  fields.end();

  const find = (oid: string) => extensions.find((extension) => extension.oid === oid)?.value;
  return Object.freeze({
    der,
    tbs: tbs.der,
    version: 2,
    holder,
    issuer,
    signatureAlgorithm: readOid(new Cursor(algorithm).take()),
    signatureAlgorithmDer: algorithm.der,
    signature: signature.bytes,
    serialNumber: readInteger(serial),
    get notBefore(): Date {
      return new Date(notBefore);
    },
    get notAfter(): Date {
      return new Date(notAfter);
    },
    ...membership,
    genericAttributes: readGenericAttributes(find(VOMS.genericAttributes)),
    targets: readTargets(find(VOMS.targets)),
    issuerCertificates: readIssuerCertificates(find(VOMS.issuerCertificates)),
    hasNoRevocation: readNoRevocation(find(VOMS.noRevocation)),
    authorityKeyIdentifier: readAuthorityKeyIdentifier(find(VOMS.authorityKeyIdentifier)),
    extensions,
  });
}

/** AttCertValidityPeriod: both are GeneralizedTime (RFC 5755 §4.2.6). */
function readValidity(element: Element): readonly [number, number] {
  const cursor = new Cursor(element);
  const times = [cursor.take(TAG.generalizedTime), cursor.take(TAG.generalizedTime)].map((time) =>
    readTime(time).getTime(),
  );
  cursor.end();
  const [notBefore, notAfter] = times;
  if (notBefore === undefined || notAfter === undefined)
    throw malformedDer('a validity without its times', 0);
  return [notBefore, notAfter];
}
