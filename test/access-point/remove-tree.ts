import { rmSync } from 'node:fs';

const TRIES = 50;

/** Removes a directory like `rm -r` that is asked again: a file that somebody else adds meanwhile is no obstacle. */
export function removeTree(path: string): void {
  for (let left = TRIES; ; left -= 1) {
    try {
      // Node's own retries remove the directory only, not what has come into it.
      rmSync(path, { recursive: true, force: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY' || left === 0) throw error;
    }
  }
}
