import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';

/** Everybody may put a file in, nobody may look, and only its owner (and ours) may take one away. */
const MODE = 0o1733;

/**
 * Makes a directory into which every local user may put what is for us.
 *
 * @param what for messages: `sign-in directory`
 * @throws LatchkeyError `file/unsafe` when it is there with another owner or mode, `file/io`
 */
export function makeDropDirectory(path: string, what: string, hint: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    mkdirSync(path, { mode: 0o700 });
    chmodSync(path, MODE);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new LatchkeyError('file/io', `cannot make the ${what} ${quote(path)}`, { cause, hint });
  }
  const stats = lstatSync(path);
  if (stats.isDirectory() && stats.uid === process.geteuid?.() && (stats.mode & 0o7777) === MODE) return;
  throw new LatchkeyError(
    'file/unsafe',
    `expected the ${what} ${quote(path)} to be our own, mode 1733; it has mode ${(stats.mode & 0o7777).toString(8)}, owner ${stats.uid}`,
    { hint: 'remove it: it is made anew at start' },
  );
}
