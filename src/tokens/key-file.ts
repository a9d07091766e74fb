import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { LatchkeyError, Secret } from '../kit/index.ts';
import { type PublishedKey, parsePublishedKey } from './published-key.ts';
import { parseSigningKey, type SigningKey } from './signing-key.ts';

const MAX_KEY_BYTES = 64 * 1024;
/** Bits that no private key has: everybody may read or write it, or its group may write it. */
const UNSAFE_BITS = 0o027;
/** Of these, what nobody ever overlooks: somebody else may put a key of theirs there. */
const WRITABLE_BITS = 0o022;

/** How a private key is read. */
export interface SigningKeyFileOptions {
  readonly keyId?: string | undefined;
  /** Told when others may read a key that is root's or ours, which is then taken all the same. Absent = it is refused. */
  readonly onOpenToOthers?: ((message: string) => void) | undefined;
}

/**
 * Reads a private key file. A group may read it (root:condor 0640 is common), others may not.
 *
 * @throws LatchkeyError `tokens/key`, `file/unsafe`, `file/io`
 */
export async function readSigningKey(path: string, options: SigningKeyFileOptions = {}): Promise<SigningKey> {
  const bytes = await readBounded(path, (stats) => {
    if ((stats.mode & UNSAFE_BITS) === 0) return;
    const isOurs = stats.uid === 0 || stats.uid === process.geteuid?.();
    const message = `others may read or change the private key "${path}" (mode ${modeText(stats.mode)})`;
    const hint = `chmod 600 ${path}, and make a new key if somebody was there`;
    if (options.onOpenToOthers === undefined || !isOurs || (stats.mode & WRITABLE_BITS) !== 0)
      throw new LatchkeyError('file/unsafe', message, { hint });
    options.onOpenToOthers(`${message}; ${hint}`);
  });
  return parseSigningKey(new Secret(bytes), `"${path}"`, options.keyId);
}

/** Reads a public key file. @throws LatchkeyError `tokens/key`, `file/io` */
export async function readPublishedKey(path: string, keyId?: string): Promise<PublishedKey> {
  return parsePublishedKey((await readBounded(path)).toString('latin1'), `"${path}"`, keyId);
}

async function readBounded(path: string, judge: (stats: Stats) => void = () => {}): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot read the key "${path}": ${reason}`, { cause });
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new LatchkeyError('tokens/key', `"${path}" is no file`);
    judge(stats);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_KEY_BYTES), 0, MAX_KEY_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function modeText(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
