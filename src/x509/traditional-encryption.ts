import { createDecipheriv, createHash } from 'node:crypto';
import type { PemBlock } from '../asn1/index.ts';
import { LatchkeyError, quote, type Secret } from '../kit/index.ts';

interface Cipher {
  readonly name: string;
  readonly keyBytes: number;
  readonly ivBytes: number;
}

/** Ciphers of `DEK-Info` that OpenSSL still writes or that old credentials are sealed with. */
const CIPHERS: Readonly<Record<string, Cipher>> = {
  'DES-EDE3-CBC': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
  'AES-128-CBC': { name: 'aes-128-cbc', keyBytes: 16, ivBytes: 16 },
  'AES-192-CBC': { name: 'aes-192-cbc', keyBytes: 24, ivBytes: 16 },
  'AES-256-CBC': { name: 'aes-256-cbc', keyBytes: 32, ivBytes: 16 },
};

/** True for a block with `Proc-Type: 4,ENCRYPTED`, the traditional encryption of PEM (RFC 1421 headers, OpenSSL's ciphers). */
export function isTraditionallyEncrypted(block: PemBlock): boolean {
  return block.headers.get('proc-type')?.replaceAll(' ', '') === '4,ENCRYPTED';
}

/**
 * Decrypts such a block. The key is one round of MD5 over pass phrase and salt: cheap to compute, and as cheap to guess.
 *
 * @returns undefined when the pass phrase is wrong; by chance a wrong one yields garbage once in 256 times
 * @throws LatchkeyError `x509/key-malformed`, `x509/algorithm-unsupported`
 */
export function decryptTraditional(block: PemBlock, passPhrase: Secret): Buffer | undefined {
  const [name = '', ivHex = ''] = (block.headers.get('dek-info') ?? '').split(',').map((part) => part.trim());
  const cipher = CIPHERS[name.toUpperCase()];
  if (cipher === undefined) {
    throw new LatchkeyError('x509/algorithm-unsupported', `a private key encrypted with ${quote(name)}`, {
      hint: 're-encrypt it: openssl pkcs8 -topk8 -in old.pem -out new.pem',
    });
  }
  const iv = Buffer.from(ivHex, 'hex');
  if (!/^[0-9A-Fa-f]*$/.test(ivHex) || iv.length !== cipher.ivBytes) {
    throw new LatchkeyError(
      'x509/key-malformed',
      `a private key whose DEK-Info has no IV of ${cipher.ivBytes} bytes`,
    );
  }
  const key = deriveKey(passPhrase.reveal(), iv.subarray(0, 8), cipher.keyBytes);
  try {
    const decipher = createDecipheriv(cipher.name, key, iv);
    return Buffer.concat([decipher.update(block.der), decipher.final()]);
  } catch {
    return undefined;
  } finally {
    key.fill(0);
  }
}

/** OpenSSL's EVP_BytesToKey with MD5 and one round. */
function deriveKey(passPhrase: Buffer, salt: Buffer, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let size = 0; size < length; size += 16) {
    const previous = blocks.at(-1) ?? Buffer.alloc(0);
    blocks.push(createHash('md5').update(previous).update(passPhrase).update(salt).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}
