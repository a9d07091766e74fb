import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../kit/index.ts';
import type { CredentialDirectory } from './directory.ts';
import { ioError } from './directory-files.ts';
import { isUserName } from './name.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/**
 * Makes the directory of a user, as credd would: 0700, and HTCondor's own even when we are root.
 *
 * @throws LatchkeyError `credmon/name-invalid`, `file/io`; `credmon/directory-unsafe` when something else has its name
 */
export function makeUserDirectory(directory: CredentialDirectory, user: string): void {
  if (!isUserName(user)) {
    throw new LatchkeyError('credmon/name-invalid', `${quote(user)} is no name that a user may have`);
  }
  const path = join(directory.path, user);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return;
  if (stats !== undefined) {
    throw new LatchkeyError('credmon/directory-unsafe', `${quote(path)} is there and is no directory`, {
      hint: 'look who has made it, then remove it',
    });
  }
  try {
    mkdirSync(path, { mode: 0o700 });
    const owner = ownerOf(directory);
    if (owner !== undefined) giveAway(path, owner);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
    throw ioError('make', user, error);
  }
}

/**
 * Gives a directory that we have just made to HTCondor. Whoever may write beside it may have put something else under its
 * name meanwhile: a link is not followed, and only a directory of ours changes hands.
 */
function giveAway(path: string, owner: { readonly uid: number; readonly gid: number }): void {
  const descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    if (fstatSync(descriptor).uid === process.geteuid?.()) fchownSync(descriptor, owner.uid, owner.gid);
  } finally {
    closeSync(descriptor);
  }
}

/** To whom root gives what it makes for HTCondor; `undefined` = it stays ours. */
export function ownerOf(
  directory: CredentialDirectory,
): { readonly uid: number; readonly gid: number } | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  if (directory.uid !== 0) return { uid: directory.uid, gid: directory.gid };
  const uid = condorUid();
  return uid === undefined ? undefined : { uid, gid: directory.gid };
}

/** HTCondor's user: `CONDOR_IDS` (`uid.gid`), else the account `condor`. */
function condorUid(): number | undefined {
  const ids = /^(\d+)\.\d+$/.exec(process.env.CONDOR_IDS ?? '');
  if (ids?.[1] !== undefined) return Number(ids[1]);
  try {
    const line = /^condor:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'latin1'));
    return line?.[1] === undefined ? undefined : Number(line[1]);
  } catch {
    return undefined;
  }
}
