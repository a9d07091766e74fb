import { posix } from 'node:path';
import { type ErrorDetails, LatchkeyError, quote } from '../kit/index.ts';

/** Why a file could not be read or written, as far as programs care. */
export type FileReason = 'not-found' | 'denied' | 'full' | 'exists' | 'too-large' | 'other';

const REASON_OF_ERRNO: Readonly<Record<string, FileReason>> = {
  ENOENT: 'not-found',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EEXIST: 'exists',
  ENOTEMPTY: 'exists',
};

/** An `ssh/file` error: `cannot read "x": no such file`. `side` says which machine's file it was. */
export function fileError(
  verb: string,
  path: string,
  what: { readonly reason: FileReason; readonly text: string; readonly side?: 'here' | 'there' },
  more: ErrorDetails = {},
): LatchkeyError {
  const { reason, text, side = 'there' } = what;
  return new LatchkeyError('ssh/file', `cannot ${verb} ${quote(path)}: ${text}`, {
    ...more,
    ...(reason === 'not-found' && path.startsWith('~')
      ? { hint: '~ is not expanded: a relative path begins at the login directory' }
      : {}),
    ...(reason === 'full' ? { hint: 'nothing was changed under the name; make room there' } : {}),
    details: { reason, path, side, ...more.details },
  });
}

/** What the operating system said of a file on this machine, as an `ssh/file` error; errors of ours pass through. */
export function localFileError(
  verb: string,
  path: string,
  cause: unknown,
  side?: 'here' | 'there',
): LatchkeyError {
  if (cause instanceof LatchkeyError) return cause;
  const { code = '', message = String(cause) } = (cause ?? {}) as NodeJS.ErrnoException;
  if (message === '' || (cause as Error).name === 'AbortError')
    return fileError(verb, path, { reason: 'other', text: 'it was cancelled' }, { cause });
  // "ENOENT: no such file or directory, open '…/.x.3f9a.tmp'": the name of a temporary file tells nobody anything.
  const text = /^E[A-Z0-9]+: ([^,]+), /.exec(message)?.[1] ?? message;
  return fileError(
    verb,
    path,
    { reason: REASON_OF_ERRNO[code] ?? 'other', text, ...(side === undefined ? {} : { side }) },
    { cause },
  );
}

/** A path that can be meant: not empty, no NUL. */
export function checkPath(path: string): void {
  if (path === '' || path.includes('\0')) throw new TypeError(`not a path: ${JSON.stringify(path)}`);
}

/** @throws LatchkeyError `ssh/file` when a source has more bytes than a copy may have */
export function checkSize(path: string, bytes: number, maxBytes: number, side?: 'here' | 'there'): void {
  if (bytes <= maxBytes) return;
  const text = `it has more than the ${maxBytes} bytes that the copy may have`;
  const what = { reason: 'too-large', text, ...(side === undefined ? {} : { side }) } as const;
  throw fileError('copy', path, what, {
    hint: 'is it the right file, and does somebody still write to it? maxBytes allows more',
  });
}

/** Copying options that exclude each other, or make no sense. */
export function checkCopy(options: {
  readonly resume?: boolean | undefined;
  readonly append?: boolean | undefined;
  readonly maxBytes?: number | undefined;
}): void {
  const { maxBytes = 0 } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0)
    throw new TypeError(`maxBytes is no number of bytes: ${maxBytes}`);
  if (options.resume && options.append) throw new TypeError('a copy cannot both resume and append');
}

/**
 * The absolute form of what is to be removed. The root, the login directory and what is above it are never removed: nobody means that,
 * however the path came about.
 *
 * @throws TypeError
 */
export function removable(path: string, home: string): string {
  checkPath(path);
  const absolute = posix.resolve(home, path);
  if (`${posix.resolve(home)}/`.startsWith(absolute === '/' ? '/' : `${absolute}/`))
    throw new TypeError(`${JSON.stringify(path)} is never removed`);
  return absolute;
}
