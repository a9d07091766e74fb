import { type KeyObject, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LatchkeyError, quote, syncDirectory, writeFileAtomic } from '../kit/index.ts';
import {
  formatCertificates,
  isSameKey,
  keySigner,
  openPrivateKey,
  parseCertificates,
} from '../x509/index.ts';
import { type CertificateAuthority, namespaceOf } from './authority.ts';
import type { Revocation } from './revocation-list.ts';

const CERTIFICATE = 'ca.pem';
const KEY = 'ca.key';
const REVOKED = 'revoked.txt';

/**
 * Reads the authority kept in a directory (`ca.pem`, `ca.key`); undefined when there is none.
 *
 * @throws LatchkeyError `x509/key-mismatch`, `x509/malformed`, `file/io`
 */
export async function readAuthority(directory: string): Promise<CertificateAuthority | undefined> {
  const [pem, keyPem] = await Promise.all([
    readOptional(join(directory, CERTIFICATE)),
    readOptional(join(directory, KEY)),
  ]);
  if (pem === undefined && keyPem === undefined) return undefined;
  if (pem === undefined || keyPem === undefined) {
    const missing = pem === undefined ? CERTIFICATE : KEY;
    throw new LatchkeyError(
      'file/io',
      `${quote(join(directory, missing))} is missing beside its other half`,
      {
        hint: 'put it back from a backup, or move the directory away to begin with a new authority',
      },
    );
  }
  const [certificate] = parseCertificates(pem);
  if (certificate === undefined) {
    throw new LatchkeyError('x509/malformed', `${quote(join(directory, CERTIFICATE))} holds no certificate`);
  }
  const privateKey = await openPrivateKey(keyPem);
  const signer = keySigner(privateKey);
  if (!isSameKey(signer.publicKey, certificate.publicKey)) {
    throw new LatchkeyError(
      'x509/key-mismatch',
      `${quote(join(directory, KEY))} is not the key of the certificate beside it`,
    );
  }
  return { certificate, signer, namespace: namespaceOf(certificate) };
}

/**
 * Keeps a new authority in `directory` (0700; must not exist yet, or be empty), key and certificate 0600. Both appear at once,
 * with a rename of the whole directory: a crash never leaves one half.
 */
export async function writeAuthority(
  directory: string,
  authority: CertificateAuthority,
  privateKey: KeyObject,
): Promise<void> {
  const temporary = `${directory}.${randomBytes(6).toString('hex')}.tmp`;
  await mkdir(temporary, { mode: 0o700 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await writeFileAtomic(join(temporary, KEY), pem);
  await writeFileAtomic(join(temporary, CERTIFICATE), formatCertificates([authority.certificate]));
  await rename(temporary, directory);
  await syncDirectory(dirname(directory));
}

/** The certificates revoked so far: `revoked.txt`, a line `<serial in hex> <ISO time>` each. */
export async function readRevocations(directory: string): Promise<Revocation[]> {
  const text = (await readOptional(join(directory, REVOKED))) ?? '';
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const [serial = '', time = ''] = line.trim().split(/\s+/);
      const date = new Date(time);
      if (!/^[0-9a-f]{1,40}$/i.test(serial) || Number.isNaN(date.getTime())) {
        throw new LatchkeyError(
          'config/malformed',
          `line ${index + 1} of ${quote(join(directory, REVOKED))} is not "<hex serial> <time>"`,
        );
      }
      return { serialNumber: BigInt(`0x${serial}`), date };
    });
}

/** Replaces `revoked.txt`. */
export async function writeRevocations(directory: string, revoked: readonly Revocation[]): Promise<void> {
  const lines = revoked.map(
    ({ serialNumber, date }) => `${serialNumber.toString(16)} ${date.toISOString()}\n`,
  );
  await writeFileAtomic(join(directory, REVOKED), lines.join(''));
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new LatchkeyError('file/io', `cannot read ${quote(path)}`, { cause });
  }
}
