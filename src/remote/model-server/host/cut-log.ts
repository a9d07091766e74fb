import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** How much of the end of a log stays when it is cut. */
const KEPT_SHARE = 4;

/**
 * Cuts a log that has grown beyond `maxBytes`: its end goes to `<path>.1`, and it begins again. The job keeps appending to the
 * same file and notices nothing; what it writes in between may be lost.
 */
export async function cutLog(path: string, maxBytes: number): Promise<void> {
  const { O_RDWR, O_NOFOLLOW, O_NONBLOCK, O_WRONLY, O_CREAT, O_TRUNC } = constants;
  const log = await open(path, O_RDWR | O_NOFOLLOW).catch(() => undefined);
  if (log === undefined) return;
  try {
    const { size } = await log.stat();
    if (size <= maxBytes) return;
    const kept = Buffer.alloc(Math.max(1, Math.floor(maxBytes / KEPT_SHARE)));
    const { bytesRead } = await log.read(kept, 0, kept.length, size - kept.length);
    const before = await open(`${path}.1`, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      await before.writeFile(kept.subarray(0, bytesRead));
    } finally {
      await before.close();
    }
    await log.truncate(0);
  } finally {
    await log.close();
  }
}
