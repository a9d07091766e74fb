import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { LatchkeyError } from '../../kit/index.ts';

const MAX_BYTES = 1 << 20;

/**
 * The text of a plain file in the credential directory, and when it changed; `undefined` = there is none, or a link.
 *
 * @throws LatchkeyError `credmon/file-malformed` above 1 MiB
 */
export async function readBounded(path: string): Promise<{ text: string; changedMs: number } | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return undefined;
      if (stats.size > MAX_BYTES)
        throw new LatchkeyError(
          'credmon/file-malformed',
          `a file of ${stats.size} bytes is none of the monitor’s`,
        );
      return { text: await file.readFile('utf8'), changedMs: stats.ctimeMs };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}
