import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { fileError, openConfined } from './confined-path.ts';

/** Writes a file of a job so that it is there whole, or as it was before. */
export async function writeWhole(root: string, path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const place = await openConfined(root, path);
  const part = place.at(`.${place.name.slice(0, 100)}.${randomBytes(6).toString('hex')}.part`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    const file = await open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, place.at(place.name));
  } catch (cause) {
    await unlink(part).catch(() => {});
    throw fileError(path, cause);
  } finally {
    await place.close();
  }
}
