import { mkdir, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { LatchkeyError } from '../kit/index.ts';
import { errorCode } from './file-stamp.ts';

/**
 * Checks a storage directory as the C server does: a directory of our own that nobody else may enter.
 *
 * @param create make it (0700) when it is not there
 * @throws LatchkeyError `repository/unusable` with the C server's sentence
 */
export async function checkStoreDirectory(directory: string, create: boolean): Promise<void> {
  if (create) {
    await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      throw unusable(`cannot make ${directory}: ${reason(cause)}`, 'check the directory above it', cause);
    });
  }
  const stats = await stat(directory).catch((cause: unknown) => {
    const hint = errorCode(cause) === 'ENOENT' ? `make it with: mkdir -m 0700 ${directory}` : undefined;
    throw unusable(`could not stat directory ${directory}: ${reason(cause)}`, hint, cause);
  });
  if (!stats.isDirectory()) throw unusable(`${directory} is not a directory`);
  const uid = process.geteuid?.();
  if (uid !== undefined && stats.uid !== uid) {
    const user = ownName(uid);
    throw unusable(`${directory} not owned by ${user}`, `run as its owner, or: chown ${user} ${directory}`);
  }
  if ((stats.mode & 0o077) !== 0) {
    throw unusable(`permissions on ${directory} must be 0700`, `chmod 0700 ${directory}`);
  }
}

function ownName(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${uid}`;
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function unusable(message: string, hint?: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('repository/unusable', message, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
