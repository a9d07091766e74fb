import { createPublicKey, type KeyObject } from 'node:crypto';
import { formatPem } from '../asn1/index.ts';
import { LatchkeyError, Secret } from '../kit/index.ts';
import { type Certificate, formatCertificates, parseCertificates } from './certificate.ts';
import { formatOneline } from './name-oneline.ts';
import { openPrivateKey } from './private-key.ts';
import { isSameKey } from './public-key.ts';

/** A chain (leaf first) and the private key of its leaf. */
export interface Credential {
  readonly chain: readonly Certificate[];
  readonly privateKey: KeyObject;
}

/**
 * Reads a PEM text with certificates (leaf first) and one private key anywhere among them.
 *
 * @throws LatchkeyError `x509/malformed`, `pem/malformed`, and everything {@link openPrivateKey} and {@link makeCredential} throw
 */
export async function parseCredential(pem: string, passPhrase?: Secret): Promise<Credential> {
  const chain = parseCertificates(pem);
  return makeCredential(chain, await openPrivateKey(pem, passPhrase));
}

/**
 * Puts a chain and a key together.
 *
 * @throws LatchkeyError `x509/malformed` when there is no certificate, `x509/key-mismatch` when the key is not the leaf's
 */
export function makeCredential(chain: readonly Certificate[], privateKey: KeyObject): Credential {
  const [leaf] = chain;
  if (leaf === undefined) throw new LatchkeyError('x509/malformed', 'a credential without a certificate');
  if (!isKeyOf(privateKey, leaf)) {
    throw new LatchkeyError(
      'x509/key-mismatch',
      `the private key does not belong to the certificate of "${formatOneline(leaf.subject)}"`,
      { hint: 'the first certificate must be the one that the key is for' },
    );
  }
  return { chain, privateKey };
}

/** True when the private key is the certificate's. @throws LatchkeyError `x509/key-malformed` for a certificate with a bad key */
export function isKeyOf(privateKey: KeyObject, certificate: Certificate): boolean {
  return isSameKey(createPublicKey(privateKey), certificate.publicKey);
}

/**
 * The credential as PEM in the order that every tool expects of a proxy file: leaf, key, rest of the chain. RSA keys are
 * written in their traditional form, which the oldest readers know; others as PKCS #8, since the C tools do not read
 * `EC PRIVATE KEY`. The key is not encrypted.
 */
export function formatCredential({ chain, privateKey }: Credential): Secret {
  return new Secret(
    formatCertificates(chain.slice(0, 1)) + formatPrivateKey(privateKey) + formatCertificates(chain.slice(1)),
  );
}

function formatPrivateKey(key: KeyObject): string {
  return key.asymmetricKeyType === 'rsa'
    ? formatPem('RSA PRIVATE KEY', key.export({ type: 'pkcs1', format: 'der' }))
    : formatPem('PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }));
}
