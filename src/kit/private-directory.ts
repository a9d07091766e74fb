import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { lstat, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatOwnerMark, isOwnerGone, ownMark, parseOwnerMark } from './owner-mark.ts';
import { checkTrustedPlace } from './trusted-place.ts';

/** In each private directory: whose it is. */
export const OWNER_FILE = '.owner';
const MAX_OWNER_BYTES = 1000;
/** Names that are looked at, at most: a directory for temporary files may hold any number. */
const MOST_SWEPT = 500;
const OURS = /^latchkey-(?:[a-z0-9]+-)?[A-Za-z0-9]{6}$/;

/**
 * A new directory of this process alone (0700). It says whose it is; what was left beside it by processes that are no more is removed first.
 *
 * @param prefix `latchkey-`, or `latchkey-WORD-`
 * @throws LatchkeyError `file/unsafe` when somebody else could put another in its place; what the system says when it cannot be made
 */
export async function makePrivateDirectory(parent: string, prefix = 'latchkey-'): Promise<string> {
  await checkTrustedPlace(parent);
  await sweepPrivateDirectories(parent);
  const directory = await mkdtemp(join(parent, prefix));
  await writeFile(join(directory, OWNER_FILE), formatOwnerMark(ownMark()), { mode: 0o600 });
  return directory;
}

/** Removes the private directories of processes of this account that have certainly ended; what cannot be removed stays. */
async function sweepPrivateDirectories(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((name) => OURS.test(name)).slice(0, MOST_SWEPT)) {
    const directory = join(parent, name);
    if (await isLeft(directory)) await rm(directory, { recursive: true, force: true }).catch(() => {});
  }
}

async function isLeft(directory: string): Promise<boolean> {
  try {
    const status = await lstat(directory);
    if (!status.isDirectory() || status.uid !== process.geteuid?.() || (status.mode & 0o077) !== 0)
      return false;
    const file = await open(join(directory, OWNER_FILE), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      if ((await file.stat()).size > MAX_OWNER_BYTES) return false;
      const mark = parseOwnerMark(await file.readFile('utf8'));
      return mark !== undefined && isOwnerGone(mark);
    } finally {
      await file.close();
    }
  } catch {
    // Gone in this moment, or not marked: then nobody knows whose it is.
    return false;
  }
}

/**
 * Has a directory removed when this process ends without a word (a crash, SIGKILL): by a shell that does nothing but wait for that.
 *
 * @returns what calls it off
 */
export function removeWhenWeEnd(directory: string): () => void {
  const script = 'read -r word || rm -rf -- "$1"';
  const child = spawn('/bin/sh', ['-c', script, 'latchkey-guard', directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  });
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  (child.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return () => child.stdin?.end('ended\n');
}
