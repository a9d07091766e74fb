import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { LatchkeyError, quote } from '../kit/index.ts';
import type { Surroundings } from './surroundings.ts';

/** A file with a private key in it. */
export interface PrivateText {
  readonly text: string;
  readonly warnings: readonly string[];
}

const MAX_BYTES = 1 << 20;

/**
 * Reads a file of the user's own that nobody else may read.
 *
 * @param what for messages: `ssh key`
 * @throws LatchkeyError `file/io` when it cannot be read, `file/unsafe`
 */
export async function readPrivateText(
  path: string,
  what: string,
  { permissions, uid }: Pick<Surroundings, 'permissions' | 'uid'>,
): Promise<PrivateText> {
  // O_NONBLOCK: a pipe in this place must not make us wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause) => {
    throw unreadable(path, what, cause);
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw unsafe(`the ${what} ${quote(path)} is no regular file`);
    if (stats.size > MAX_BYTES) throw unsafe(`the ${what} ${quote(path)} has ${stats.size} bytes`);
    const problems = problemsOf(path, what, stats, uid);
    if (permissions === 'refuse' && problems[0] !== undefined) throw problems[0];
    return {
      text: await file.readFile('utf8'),
      warnings: permissions === 'warn' ? problems.map((problem) => problem.message) : [],
    };
  } finally {
    await file.close();
  }
}

function problemsOf(
  path: string,
  what: string,
  stats: { readonly uid: number; readonly mode: number },
  uid: number,
): LatchkeyError[] {
  const problems: LatchkeyError[] = [];
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    problems.push(unsafe(`others may use the ${what} ${quote(path)} (mode ${mode})`, `chmod 600 ${path}`));
  }
  if (stats.uid !== uid && uid !== 0) {
    problems.push(unsafe(`the ${what} ${quote(path)} belongs to another user (uid ${stats.uid})`));
  }
  return problems;
}

function unsafe(message: string, hint?: string): LatchkeyError {
  return new LatchkeyError('file/unsafe', message, hint === undefined ? {} : { hint });
}

function unreadable(path: string, what: string, cause: NodeJS.ErrnoException): LatchkeyError {
  if (cause.code === 'ENOENT')
    return new LatchkeyError('file/io', `there is no ${what} ${quote(path)}`, { cause });
  return new LatchkeyError('file/io', `cannot read the ${what} ${quote(path)}: ${cause.code}`, { cause });
}
