import { createHash, type KeyObject } from 'node:crypto';
import { sshFingerprint, withColons } from './fingerprint.ts';
import type { SshPublicKey } from './public-key.ts';

/** A key pair of which EC2 knows the public half; the private half is needed for one of the digests only. */
export interface AwsKeyPair {
  readonly publicKey: SshPublicKey;
  readonly privateKey?: KeyObject | undefined;
}

/**
 * The fingerprints under which EC2 may list a key pair: imported RSA = MD5 of the DER public key, RSA made by AWS = SHA-1 of the DER
 * PKCS #8 private key, Ed25519 = SHA-256 as OpenSSH prints it, without `SHA256:`.
 */
export function awsFingerprints({ publicKey, privateKey }: AwsKeyPair): readonly string[] {
  if (publicKey.type === 'ssh-ed25519') return [sshFingerprint(publicKey).slice('SHA256:'.length)];
  if (publicKey.type !== 'ssh-rsa' || publicKey.key === undefined) return [];
  const imported = digest('md5', publicKey.key.export({ type: 'spki', format: 'der' }));
  return privateKey === undefined
    ? [imported]
    : [imported, digest('sha1', privateKey.export({ type: 'pkcs8', format: 'der' }))];
}

/** True when EC2's fingerprint is one of the key pair's; padding and a `SHA256:` in front are no difference. */
export function matchesAwsFingerprint(fingerprint: string, pair: AwsKeyPair): boolean {
  const wanted = fingerprint.replace(/^SHA256:/, '').replace(/=+$/, '');
  return awsFingerprints(pair).includes(wanted);
}

function digest(algorithm: 'md5' | 'sha1', der: Buffer): string {
  return withColons(createHash(algorithm).update(der).digest('hex'));
}
