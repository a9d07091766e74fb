import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';

/**
 * Overwrites a plain file with zeros and removes it; a file that is not there is no error. A link is removed, what it points to
 * stays as it is. (Journalling file systems may keep the old blocks all the same.)
 */
export async function shredFile(path: string): Promise<void> {
  try {
    const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      const found = await file.stat();
      if (found.isFile() && found.nlink === 1) {
        await file.write(Buffer.alloc(Math.min(found.size, 1 << 20)), 0, undefined, 0);
        await file.sync();
      }
    } finally {
      await file.close();
    }
  } catch {
    // A file that cannot be opened for writing can still be removed.
  }
  await unlink(path).catch(() => {});
}
