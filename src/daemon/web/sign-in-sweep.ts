import { lstat, opendir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Twice the time of a code. */
const KEPT_MS = 10 * 60_000;
const LONGEST_PROOF_BYTES = 256;
/** Entries looked at in one sweep; the next goes on with what is left. */
const MOST_ENTRIES = 20_000;

/**
 * Empties a sign-in directory, into which everybody may write, of what is no use any more: codes that nobody typed, and
 * what is too long for a proof. Directories go when they are empty: descending into somebody's tree is not safe.
 */
export async function sweepSignInDirectory(path: string, now: Date): Promise<void> {
  let seen = 0;
  for await (const { name } of await opendir(path)) {
    seen += 1;
    if (seen > MOST_ENTRIES) return;
    // Of an entry that went meanwhile, or cannot go, the next one is taken.
    await sweepEntry(join(path, name), now).catch(() => {});
  }
}

async function sweepEntry(path: string, now: Date): Promise<void> {
  const stats = await lstat(path);
  if (stats.isDirectory()) return await rmdir(path);
  // The time of the last change of the inode: its owner cannot choose it.
  const isOld = now.getTime() - stats.ctimeMs > KEPT_MS;
  if (isOld || stats.size > LONGEST_PROOF_BYTES) await unlink(path);
}
