import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LatchkeyError } from './errors.ts';
import { temporaryTag } from './stale-temporaries.ts';

/**
 * Writes a file so that any crash leaves either the old or the new contents: `O_EXCL` temporary file beside it,
 * fsync, rename, fsync of the directory.
 *
 * @param mode permission bits, default 0600, set whatever the umask is
 * @throws LatchkeyError `file/io`
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = await writeTemporary(path, data, mode);
  try {
    await rename(temporary, path);
  } catch (cause) {
    await unlink(temporary).catch(() => {});
    throw ioError('write', path, cause);
  }
  await syncDirectory(dirname(path));
}

/** Writes and fsyncs `.<name>.<writer and random>.tmp` beside `path`, for a later rename onto it; returns its name. */
export async function writeTemporary(path: string, data: string | Uint8Array, mode = 0o600): Promise<string> {
  const temporary = join(
    dirname(path),
    `.${basename(path).slice(0, 200)}.${temporaryTag(randomBytes(3).toString('hex'))}.tmp`,
  );
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    const file = await open(temporary, flags, mode);
    try {
      await file.chmod(mode);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    return temporary;
  } catch (cause) {
    await unlink(temporary).catch(() => {});
    throw ioError('write', path, cause);
  }
}

/** Makes renames and unlinks in `directory` durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ioError(verb: string, path: string, cause: unknown): LatchkeyError {
  const text = cause instanceof Error ? cause.message : String(cause);
  // "ENOENT: no such file or directory, open '…/.x.3f9a.tmp'": the name of the temporary file tells nobody anything.
  const reason = /^E[A-Z0-9]+: ([^,]+), /.exec(text)?.[1] ?? text;
  const isMissing = (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  return new LatchkeyError('file/io', `cannot ${verb} "${path}": ${reason}`, {
    cause,
    ...(isMissing ? { hint: `there is no directory "${dirname(path)}"` } : {}),
  });
}
