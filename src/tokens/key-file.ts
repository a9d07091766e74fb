import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { LatchkeyError, Secret } from '../kit/index.ts';
import { type PublishedKey, parsePublishedKey } from './published-key.ts';
import { parseSigningKey, type SigningKey } from './signing-key.ts';

const MAX_KEY_BYTES = 64 * 1024;
/** Bits that no private key has: everybody may read or write it, or its group may write it. */
const UNSAFE_BITS = 0o027;

/**
 * Reads a private key file. A group may read it (root:condor 0640 is common), others may not.
 *
 * @throws LatchkeyError `tokens/key`, `file/unsafe`, `file/io`
 */
export async function readSigningKey(path: string, keyId?: string): Promise<SigningKey> {
  return parseSigningKey(new Secret(await readBounded(path, UNSAFE_BITS)), `"${path}"`, keyId);
}

/** Reads a public key file. @throws LatchkeyError `tokens/key`, `file/io` */
export async function readPublishedKey(path: string, keyId?: string): Promise<PublishedKey> {
  return parsePublishedKey((await readBounded(path, 0)).toString('latin1'), `"${path}"`, keyId);
}

async function readBounded(path: string, unsafe: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot read the key "${path}": ${reason}`, { cause });
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new LatchkeyError('tokens/key', `"${path}" is no file`);
    if ((stats.mode & unsafe) !== 0) {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
      throw new LatchkeyError(
        'file/unsafe',
        `others may read or change the private key "${path}" (mode ${mode})`,
        {
          hint: `chmod 600 ${path}, and make a new key if somebody was there`,
        },
      );
    }
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_KEY_BYTES), 0, MAX_KEY_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
