import { readElement, TAG } from '../../asn1/index.ts';
import { LatchkeyError } from '../../kit/index.ts';

/** Most certificates of one chain message; real chains have three to ten. */
export const MAX_CHAIN_LENGTH = 100;

/**
 * Encodes a chain message: one byte with the number of certificates, then their DER, leaf first.
 *
 * @throws LatchkeyError `myproxy/value-invalid` unless there are 1 to 100 certificates
 */
export function encodeChain(certificates: readonly Buffer[]): Buffer {
  if (certificates.length === 0 || certificates.length > MAX_CHAIN_LENGTH) {
    throw new LatchkeyError(
      'myproxy/value-invalid',
      `a chain of ${certificates.length} certificates; 1 to ${MAX_CHAIN_LENGTH} can be sent`,
    );
  }
  return Buffer.concat([Buffer.of(certificates.length), ...certificates]);
}

/**
 * Reads a whole chain message. As the C receiver, it wants a count that is not 0 and then takes certificates until
 * the message ends, whatever the count says. The certificates themselves are not parsed.
 *
 * @throws LatchkeyError `myproxy/malformed`, `asn1/malformed`
 */
export function parseChain(message: Buffer): Buffer[] {
  if (message.length === 0 || message[0] === 0) {
    throw new LatchkeyError('myproxy/malformed', 'expected a certificate chain and got none');
  }
  const certificates: Buffer[] = [];
  for (let offset = 1; offset < message.length; ) {
    if (certificates.length === MAX_CHAIN_LENGTH) throw chainTooLong();
    const der = readCertificate(message, offset, certificates.length);
    certificates.push(der);
    offset += der.length;
  }
  if (certificates.length === 0) {
    throw new LatchkeyError('myproxy/malformed', 'a certificate chain with a count and no certificate');
  }
  return certificates;
}

/** The bytes of the certificate at `offset`, number `index` of its chain. @throws LatchkeyError `myproxy/malformed`, `asn1/malformed` */
export function readCertificate(message: Buffer, offset: number, index: number): Buffer {
  const tag = message[offset] ?? 0;
  if (tag !== TAG.sequence) throw notCertificate(index, tag);
  return readElement(message, offset).der;
}

/** What is thrown for a chain of more than {@link MAX_CHAIN_LENGTH} certificates. */
export function chainTooLong(): LatchkeyError {
  return new LatchkeyError('myproxy/too-large', `a chain of more than ${MAX_CHAIN_LENGTH} certificates`);
}

/** What is thrown when certificate number `index` does not start as a DER sequence. */
export function notCertificate(index: number, tag: number): LatchkeyError {
  return new LatchkeyError(
    'myproxy/malformed',
    `expected certificate ${index} of a chain and got a byte 0x${tag.toString(16).padStart(2, '0')}`,
  );
}
