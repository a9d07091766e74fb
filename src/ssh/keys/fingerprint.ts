import { createHash } from 'node:crypto';
import type { SshPublicKey } from './public-key.ts';

/** `SHA256:` and base64 without padding, as `ssh-keygen -l` prints it. */
export function sshFingerprint(key: Pick<SshPublicKey, 'blob'>): string {
  return `SHA256:${createHash('sha256').update(key.blob).digest('base64').replace(/=+$/, '')}`;
}

/** `MD5:` and colons, as `ssh-keygen -l -E md5` prints it. For comparing with what others show; MD5 proves nothing. */
export function sshFingerprintMd5(key: Pick<SshPublicKey, 'blob'>): string {
  return `MD5:${withColons(createHash('md5').update(key.blob).digest('hex'))}`;
}

export function withColons(hex: string): string {
  return hex.match(/../g)?.join(':') ?? '';
}
