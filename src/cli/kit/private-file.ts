import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';

/**
 * Puts a secret into a file of its own: what was there is unlinked (a link, not what it points to) and the file is made anew
 * with O_EXCL and mode 0600, so that nobody can have it open already.
 */
export async function writePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await createPrivateFile(path, bytes);
}

/** Makes a file (0600) that must not exist yet, whole and on disk. */
export async function createPrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Node's reason in the words of `strerror` for the common cases. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  EEXIST: 'File exists',
  ENOSPC: 'No space left on device',
  EROFS: 'Read-only file system',
};
