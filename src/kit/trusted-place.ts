import { readFileSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LatchkeyError } from './errors.ts';
import { quote } from './quote.ts';

/** What of a directory decides who can rename what is in it. */
export interface DirectoryFacts {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** What owners have in a user namespace that does not know them: root among them. */
const OVERFLOW_UID = 65_534;

/**
 * Checks that nobody but this account and root can put another directory in the place of one that is made in `directory`: what is private there
 * would be somebody else's from then on. Everybody may write to it only if it is sticky, as `/tmp` is.
 *
 * @throws LatchkeyError `file/unsafe`; what the system says when it is not there
 */
export async function checkTrustedPlace(directory: string): Promise<void> {
  const uid = process.geteuid?.();
  // Windows has no such owners.
  if (uid === undefined) return;
  for (let path = await realpath(directory); ; path = dirname(path)) {
    const why = whyUntrusted(await stat(path), uid, isRootUnmapped());
    if (why !== undefined)
      throw new LatchkeyError('file/unsafe', `${quote(path)} ${why}: nothing private can be kept there`, {
        hint: 'set XDG_RUNTIME_DIR or TMPDIR to a directory of your own',
      });
    if (path === dirname(path)) return;
  }
}

/** Pure: why somebody else could rename what is in a directory; undefined when nobody can. */
export function whyUntrusted(
  { uid: owner, gid, mode }: DirectoryFacts,
  uid: number,
  rootIsUnmapped: boolean,
): string | undefined {
  const isRoot = owner === 0 || (owner === OVERFLOW_UID && rootIsUnmapped);
  if (!isRoot && owner !== uid) return `belongs to another account (${owner})`;
  if ((mode & 0o1000) !== 0) return undefined;
  if ((mode & 0o002) !== 0) return 'can be written to by everybody, and is not sticky';
  // A group of the user alone has the user's number, where there are such groups.
  const isOwnGroup = gid === uid && owner === uid;
  return (mode & 0o020) !== 0 && gid !== 0 && !isOwnGroup ? 'can be written to by its group' : undefined;
}

/** In a namespace that has only some accounts, the others look like nobody, and root is mostly one of them. */
function isRootUnmapped(): boolean {
  try {
    return !/^\s*0\s+0\s/m.test(readFileSync('/proc/self/uid_map', 'latin1'));
  } catch {
    return false;
  }
}
