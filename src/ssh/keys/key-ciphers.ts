import { createDecipheriv, type DecipherGCM } from 'node:crypto';
import { openChaChaPoly } from './chacha-poly.ts';

/** One cipher of OpenSSH's private key files, by the name it has there. */
export interface KeyCipher {
  readonly keyBytes: number;
  readonly ivBytes: number;
  readonly blockBytes: number;
  /** Bytes after the encrypted part that prove it. */
  readonly tagBytes: number;
  /** The plain bytes; throws when the proof says the key is another one. */
  open(key: Buffer, iv: Buffer, sealed: Buffer, tag: Buffer): Buffer;
}

function block(algorithm: string, keyBytes: number, ivBytes: number): KeyCipher {
  return {
    ...{ keyBytes, ivBytes, blockBytes: ivBytes, tagBytes: 0 },
    open: (key, iv, sealed) => {
      const cipher = createDecipheriv(algorithm, key, iv).setAutoPadding(false);
      return Buffer.concat([cipher.update(sealed), cipher.final()]);
    },
  };
}

function gcm(algorithm: 'aes-128-gcm' | 'aes-256-gcm', keyBytes: number): KeyCipher {
  return {
    ...{ keyBytes, ivBytes: 12, blockBytes: 16, tagBytes: 16 },
    open: (key, iv, sealed, tag) => {
      const cipher: DecipherGCM = createDecipheriv(algorithm, key, iv, { authTagLength: 16 });
      cipher.setAuthTag(tag);
      return Buffer.concat([cipher.update(sealed), cipher.final()]);
    },
  };
}

const CIPHERS: Readonly<Record<string, KeyCipher>> = {
  '3des-cbc': block('des-ede3-cbc', 24, 8),
  'aes128-cbc': block('aes-128-cbc', 16, 16),
  'aes192-cbc': block('aes-192-cbc', 24, 16),
  'aes256-cbc': block('aes-256-cbc', 32, 16),
  'aes128-ctr': block('aes-128-ctr', 16, 16),
  'aes192-ctr': block('aes-192-ctr', 24, 16),
  'aes256-ctr': block('aes-256-ctr', 32, 16),
  'aes128-gcm@openssh.com': gcm('aes-128-gcm', 16),
  'aes256-gcm@openssh.com': gcm('aes-256-gcm', 32),
  'chacha20-poly1305@openssh.com': {
    ...{ keyBytes: 64, ivBytes: 0, blockBytes: 8, tagBytes: 16 },
    open: (key, _iv, sealed, tag) => openChaChaPoly(key, sealed, tag),
  },
};

export function keyCipher(name: string): KeyCipher | undefined {
  return Object.hasOwn(CIPHERS, name) ? CIPHERS[name] : undefined;
}
