import { chownSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../kit/index.ts';
import type { CredentialDirectory } from './directory.ts';
import { ioError } from './directory-files.ts';
import { isUserName } from './name.ts';

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
    if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
    throw ioError('make', user, error);
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
