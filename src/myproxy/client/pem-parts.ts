import { formatPem, type PemBlock, parsePem } from '../../asn1/index.ts';
import { LatchkeyError } from '../../kit/index.ts';

/** The parts of a credential in PEM, as they came; nothing is opened. */
export interface PemParts {
  /** Leaf first. */
  readonly certificates: readonly PemBlock[];
  readonly key: PemBlock;
  readonly isKeyEncrypted: boolean;
}

/** Takes a credential's PEM text apart. @throws LatchkeyError `pem/malformed` when there is not exactly one key, or no certificate */
export function pemParts(text: string): PemParts {
  const blocks = parsePem(text);
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE');
  const [key, ...more] = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (certificates.length === 0) throw malformed('expected a certificate in PEM and found none');
  if (key === undefined || more.length > 0) {
    throw malformed(
      `expected one private key in PEM and found ${key === undefined ? 'none' : more.length + 1}`,
    );
  }
  const isKeyEncrypted =
    key.label === 'ENCRYPTED PRIVATE KEY' || (key.headers.get('proc-type') ?? '').includes('ENCRYPTED');
  return { certificates, key, isKeyEncrypted };
}

/** The standard order of a credential: leaf certificate, key, rest of the chain. */
export function formatPemParts({ certificates, key }: PemParts): string {
  const [leaf = '', ...chain] = certificates.map(({ der }) => formatPem('CERTIFICATE', der));
  return [leaf, `${key.text}\n`, ...chain].join('');
}

function malformed(message: string): LatchkeyError {
  return new LatchkeyError('pem/malformed', message);
}
