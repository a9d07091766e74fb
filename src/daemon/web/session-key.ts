import { randomBytes } from 'node:crypto';
import { constants, linkSync, unlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret, writeTemporary } from '../../kit/index.ts';

const NAME = 'wsgi_session_key';
const NEW_BYTES = 24;
/** What upstream takes for missing. */
const MIN_BYTES = 16;
const MAX_BYTES = 4_096;

/**
 * The key that signs cookies: `D/wsgi_session_key`, as upstream has it (0400, 24 random bytes; shorter than 16 counts
 * as missing). Both pages may run, one after the other, on the same directory.
 *
 * @throws LatchkeyError `file/io`
 */
export async function loadSessionKey(credentialDirectory: string): Promise<Secret> {
  const path = join(credentialDirectory, NAME);
  const known = await read(path);
  if (known !== undefined) return known;
  const temporary = await writeTemporary(path, randomBytes(NEW_BYTES), 0o400);
  try {
    // Linked, not renamed: of two that start at once, one wins and both read the same key.
    try {
      linkSync(temporary, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if ((await read(path)) === undefined) {
        unlinkSync(path);
        linkSync(temporary, path);
      }
    }
  } finally {
    unlinkSync(temporary);
  }
  return (await read(path)) ?? new Secret(randomBytes(NEW_BYTES));
}

async function read(path: string): Promise<Secret | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      if (size < MIN_BYTES || size > MAX_BYTES) return undefined;
      return new Secret(await file.readFile());
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
