import { lstat, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const PID_DIGITS = 6;

/** The middle of a temporary file's name: who writes it, and what makes it his only one. */
export function temporaryTag(random: string): string {
  return `${process.pid.toString(16).padStart(PID_DIGITS, '0')}${random}`;
}

/**
 * Removes what writers of a file that were killed have left beside it: `.NAME.<12 digits>.tmp`, a file of this account whose writer is no
 * more. To be called before this process writes that file for the first time: a name with its own number is then one of before.
 *
 * @param isAlive whether a process lives, for tests
 */
export async function removeStaleTemporaries(
  path: string,
  isAlive: (pid: number) => boolean = exists,
): Promise<void> {
  const directory = dirname(path);
  const start = `.${basename(path).slice(0, 200)}.`;
  for (const name of await readdir(directory).catch(() => [])) {
    const [, writer] = name.startsWith(start)
      ? (/^([0-9a-f]{6})[0-9a-f]{6}\.tmp$/.exec(name.slice(start.length)) ?? [])
      : [];
    if (writer === undefined) continue;
    const pid = Number.parseInt(writer, 16);
    if (pid !== process.pid && isAlive(pid)) continue;
    const file = join(directory, name);
    const status = await lstat(file).catch(() => undefined);
    if (status?.isFile() && status.uid === process.geteuid?.()) await unlink(file).catch(() => {});
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
