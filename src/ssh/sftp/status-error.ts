import { LatchkeyError } from '../../kit/index.ts';
import { type FileReason, fileError, localFileError } from '../file-error.ts';
import { StatusFailure } from './channel.ts';
import { STATUS } from './packet.ts';

const REASON_OF_STATUS: Readonly<Record<number, FileReason>> = {
  [STATUS.noSuchFile]: 'not-found',
  [STATUS.permissionDenied]: 'denied',
};

const TEXT_OF_STATUS: Readonly<Record<number, string>> = {
  [STATUS.noSuchFile]: 'no such file or directory',
  [STATUS.permissionDenied]: 'permission denied',
  [STATUS.unsupported]: 'the server cannot do that',
};

/** What a server said of a file, as an `ssh/file` error; what is one of ours already passes through. */
export function remoteFileError(verb: string, path: string, cause: unknown): LatchkeyError {
  if (cause instanceof LatchkeyError) return cause;
  if (!(cause instanceof StatusFailure)) return localFileError(verb, path, cause);
  return fileError(
    verb,
    path,
    {
      reason: REASON_OF_STATUS[cause.code] ?? 'other',
      // OpenSSH says "Failure" for whatever has no number in version 3.
      text: TEXT_OF_STATUS[cause.code] ?? `the server says ${JSON.stringify(cause.message)}`,
    },
    { cause },
  );
}

/** True for the answer that stands for every reason without a number: full, exists, not empty, is a directory, … */
export function isPlainFailure(error: unknown): boolean {
  return error instanceof StatusFailure && error.code === STATUS.failure;
}
