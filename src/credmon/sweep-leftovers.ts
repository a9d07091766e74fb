import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CredentialDirectory } from './directory.ts';
import { isRequestKey } from './name.ts';

/** Hours after which nobody comes to log in any more. */
const REQUEST_AGE_MS = 12 * 3_600_000;
/** A temporary file of upstream's that is older was left by a crash. */
const TEMPORARY_AGE_MS = 3_600_000;

/**
 * Removes what nobody else cleans away: request files older than 12 hours (by change time), and temporary files that
 * upstream's monitor left. Directories are never touched, nor any file with another name.
 *
 * @returns names of what was removed
 */
export async function sweepLeftovers(directory: CredentialDirectory, now: Date): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(directory.path)) {
    const maxAge = maxAgeOf(name);
    if (maxAge === undefined) continue;
    const path = join(directory.path, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isFile() !== true || now.getTime() - stats.ctimeMs < maxAge) continue;
    const isGone = await unlink(path).then(
      () => true,
      () => false,
    );
    if (isGone) removed.push(name);
  }
  return removed;
}

function maxAgeOf(name: string): number | undefined {
  if (isRequestKey(name)) return REQUEST_AGE_MS;
  return /^(tmp[a-z0-9_]{8}|\.pid\.\d{1,10})$/.test(name) ? TEMPORARY_AGE_MS : undefined;
}
