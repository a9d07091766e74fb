import { open, readFile } from 'node:fs/promises';
import { LatchkeyError, quote, Secret } from '../../kit/index.ts';
import { reasonOf } from '../kit/private-file.ts';

const MAX_BYTES = 256 * 1024;

/** A small text file. @throws LatchkeyError `file/io` */
export async function readTextFile(path: string, what: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new LatchkeyError('file/io', `cannot read the ${what} ${quote(path)}: ${reasonOf(cause)}`, {
      cause,
    });
  });
  if (text.length <= MAX_BYTES) return text;
  throw new LatchkeyError('file/io', `the ${what} ${quote(path)} is longer than ${MAX_BYTES} bytes`);
}

/** The first line of a file that only its owner can read. @throws LatchkeyError `file/unsafe`, `file/io` */
export async function readSecretFile(path: string, what: string): Promise<Secret> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new LatchkeyError('file/io', `cannot read the ${what} ${quote(path)}: ${reasonOf(cause)}`, {
      cause,
    });
  });
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new LatchkeyError('file/unsafe', `others can read the ${what} ${quote(path)}`, {
        hint: `chmod 600 ${path}`,
      });
    }
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    return new Secret(buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1)[0] ?? '');
  } finally {
    await file.close();
  }
}
