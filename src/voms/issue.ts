import { randomBytes } from 'node:crypto';
import {
  contextTag,
  encode,
  encodeBitString,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  implicitTag,
  readOctetString,
  readOnly,
  TAG,
} from '../asn1/index.ts';
import { LatchkeyError, quote } from '../kit/index.ts';
import {
  authorityKeyIdentifierExtension,
  type Certificate,
  type Digest,
  type Extension,
  encodeExtensions,
  encodeGeneralName,
  type Signer,
  signatureAlgorithmFor,
  subjectKeyIdentifierExtension,
} from '../x509/index.ts';
import { type AttributeCertificate, parseAttributeCertificate } from './attribute-certificate.ts';
import { parseFqan } from './fqan.ts';
import type { GenericAttribute } from './generic-attributes.ts';
import { VOMS } from './identifiers.ts';

/** What {@link issueAttributeCertificate} makes an attribute certificate from. */
export interface AttributeCertificateFields {
  /** The end-entity certificate of whom the attributes are. */
  readonly holder: Certificate;
  /** The server's certificate first, then those above it that clients may lack. */
  readonly issuer: readonly Certificate[];
  /** Of the server's key. */
  readonly signer: Signer;
  readonly vo: string;
  /** The server's host as its LSC file is named, and its port. */
  readonly host: string;
  readonly port: number;
  /** Groups and roles in order, written as they shall be; servers use the long form. At least one. */
  readonly fqans: readonly string[];
  readonly genericAttributes?: readonly GenericAttribute[];
  /** Hosts that it is meant for; default all. */
  readonly targets?: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Positive, at most 20 bytes; default 16 random bytes. */
  readonly serialNumber?: bigint;
  /**
   * By which name of the holder's certificate, next to its serial number. RFC 5755 wants its `issuer`; the Java library and ARC take
   * nothing but its `subject`, the default, and the C library both.
   */
  readonly holderName?: 'subject' | 'issuer';
  /** Default `sha256`. */
  readonly digest?: Digest;
}

/**
 * Makes and signs an attribute certificate with the layout of a VOMS 2 server: the server's certificates inside, noRevAvail and authorityKeyIdentifier.
 *
 * @throws LatchkeyError `voms/value-invalid` for FQANs, `voms/malformed` for other values that nobody would read, and whatever the signer throws
 */
export async function issueAttributeCertificate(
  fields: AttributeCertificateFields,
): Promise<AttributeCertificate> {
  const { holder, signer, digest = 'sha256', holderName = 'subject', notBefore, notAfter } = fields;
  const [server] = fields.issuer;
  if (server === undefined)
    throw new TypeError('an attribute certificate needs the certificate of its server');
  checkFqans(fields);
  const algorithm = signatureAlgorithmFor(signer.publicKey, digest);
  const tbs = encodeSequence(
    encodeInteger(1),
    encodeSequence(
      encode(
        contextTag(0),
        encodeSequence(directoryName(holder[holderName])),
        encodeInteger(holder.serialNumber),
      ),
    ),
    encode(contextTag(0), encodeSequence(directoryName(server.subject))),
    algorithm,
    encodeInteger(fields.serialNumber ?? randomSerialNumber()),
    encodeSequence(encodeGeneralizedTime(notBefore), encodeGeneralizedTime(notAfter)),
    encodeSequence(membership(fields)),
    encodeExtensions(extensions(fields, server)),
  );
  const signature = await signer.sign(tbs, digest);
  // Read again, so that nothing leaves here that we would refuse.
  return parseAttributeCertificate(encodeSequence(tbs, algorithm, encodeBitString(signature)));
}

function checkFqans({ fqans, vo }: AttributeCertificateFields): void {
  const stranger = fqans.find((fqan) => parseFqan(fqan).vo !== vo);
  if (fqans.length > 0 && stranger === undefined) return;
  throw new LatchkeyError(
    'voms/value-invalid',
    stranger === undefined
      ? 'an attribute certificate without a group'
      : `the group or role ${quote(stranger)} is not one of ${quote(vo)}`,
  );
}

function directoryName(value: Certificate['subject']): Buffer {
  return encodeGeneralName({ type: 'directory', value });
}

function authority({ vo, host, port }: AttributeCertificateFields): Buffer {
  return encode(implicitTag(6), Buffer.from(`${vo}://${host}:${port}`, 'latin1'));
}

function membership(fields: AttributeCertificateFields): Buffer {
  const fqans = fields.fqans.map((fqan) => encodeOctetString(Buffer.from(fqan, 'utf8')));
  const value = encodeSequence(encode(contextTag(0), authority(fields)), encodeSequence(...fqans));
  return encodeSequence(encodeOid(VOMS.attributes), encodeSet(value));
}

function extensions(fields: AttributeCertificateFields, server: Certificate): Extension[] {
  const { targets, genericAttributes = [], issuer } = fields;
  const list: Extension[] = [];
  const add = (oid: string, value: Buffer, critical = false) => list.push({ oid, critical, value });
  if (targets !== undefined) add(VOMS.targets, encodeTargets(targets), true);
  if (genericAttributes.length > 0) {
    const tags = genericAttributes.map(({ name, value, qualifier }) =>
      encodeSequence(...[name, value, qualifier].map((part) => encodeOctetString(Buffer.from(part, 'utf8')))),
    );
    const provider = encodeSequence(encodeSequence(authority(fields)), encodeSequence(...tags));
    add(VOMS.genericAttributes, encodeSequence(encodeSequence(provider)));
  }
  add(VOMS.issuerCertificates, encodeSequence(encodeSequence(...issuer.map(({ der }) => der))));
  add(VOMS.noRevocation, encodeNull());
  list.push(authorityKeyIdentifierExtension(keyIdentifierOf(server)));
  return list;
}

/** Each target in a SEQUENCE of its own, as the C and Java libraries write and read it. */
function encodeTargets(targets: readonly string[]): Buffer {
  const list = targets.map((value) =>
    encodeSequence(encode(contextTag(0), encodeGeneralName({ type: 'uri', value }))),
  );
  return encodeSequence(encodeSequence(...list));
}

/** The hash of the key, as the C server writes it: its library computes the hash again. */
function keyIdentifierOf(server: Certificate): Buffer {
  return readOctetString(readOnly(subjectKeyIdentifierExtension(server.spki).value));
}

function encodeGeneralizedTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return encode(TAG.generalizedTime, Buffer.from(digits, 'latin1'));
}

function randomSerialNumber(): bigint {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return BigInt(`0x${bytes.toString('hex')}`);
}
