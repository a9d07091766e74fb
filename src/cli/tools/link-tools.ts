import { lstat, mkdir, readlink, realpath, symlink, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { TOOLS } from './tool-table.ts';

/** What {@link linkTools} did. */
export interface LinkReport {
  readonly directory: string;
  /** Names that now lead to the executable. */
  readonly linked: readonly string[];
  /** Names that are something else and were left alone. */
  readonly kept: readonly string[];
}

/**
 * Makes a symbolic link for every tool name in `directory` (made if it is missing) to the executable. Links that lead elsewhere
 * are replaced; a file that is not a link is never touched.
 *
 * @param executable path of `latchkey.js`; default: the running one
 * @throws LatchkeyError `file/io`
 */
export async function linkTools(
  directory: string,
  executable: string = process.argv[1] ?? '',
): Promise<LinkReport> {
  const target = await realpath(executable);
  const place = resolve(directory);
  const linked: string[] = [];
  const kept: string[] = [];
  try {
    await mkdir(place, { recursive: true });
    for (const name of Object.keys(TOOLS)) {
      if (await link(target, join(place, name))) linked.push(name);
      else kept.push(name);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot make links in ${quote(place)}: ${reason}`, { cause });
  }
  return { directory: place, linked, kept };
}

async function link(target: string, path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined) {
    if (!found.isSymbolicLink()) return false;
    if ((await readlink(path)) === target) return true;
    await unlink(path);
  }
  await symlink(target, path);
  return true;
}
