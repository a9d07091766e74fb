import { constants } from 'node:fs';
import { chmod, open, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LatchkeyError, quote, writeFileAtomic } from '../../kit/index.ts';
import type { SignIn } from '../../web/index.ts';
import { makeDropDirectory } from './drop-directory.ts';
import { createCode, normalizeCode, proofOf } from './sign-in-code.ts';
import { sweepSignInDirectory } from './sign-in-sweep.ts';
import { userName } from './user-names.ts';

/**
 * Readable by all, or a monitor that is not root could not read it: the name keeps it from being found. The sticky bit
 * means nothing on a file and no copying, unpacking or checking out makes it: contents that somebody prepared and had the
 * victim copy into a directory from which he moved the file here are no proof.
 */
const PROOF_MODE = 0o1644;
const CODE_MS = 5 * 60_000;
/** Beside the directory: the address at which codes are typed, for whoever makes one. */
const ADDRESS_FILE = 'sign-in-page';
const MAX_ADDRESS_BYTES = 2_000;

/** The directory in which local users prove who they are. */
export interface SignInDirectory extends SignIn {
  /** Empties it of what is no use any more; to be called every minute or so. */
  sweep(): Promise<void>;
}

/**
 * Opens the directory in which local users prove who they are: the owner of a file there that only the maker of a
 * code can have named, and that nobody else could have written.
 *
 * @throws LatchkeyError `file/unsafe` when it is there with another owner or mode, `file/io`
 */
export function openSignInDirectory(path: string, now: () => Date = () => new Date()): SignInDirectory {
  makeDropDirectory(path, 'sign-in directory', 'name one that can be made: LATCHKEY_WEB_SIGN_IN_DIRECTORY');
  return {
    sweep: () => sweepSignInDirectory(path, now()),
    async redeem(typed) {
      const code = normalizeCode(typed);
      if (code === undefined) return undefined;
      const { fileName, contents } = proofOf(code);
      const file = join(path, fileName);
      const owner = await proofOwner(file, contents, now());
      if (owner === undefined) return undefined;
      // Used up, whatever it proved; of two who try at once, only one takes it away.
      const isTaken = await unlink(file).then(
        () => true,
        () => false,
      );
      return isTaken ? await userName(owner) : undefined;
    },
  };
}

/** A code for whoever made it. */
export interface SignInCode {
  readonly code: string;
  readonly validSeconds: number;
  /** Where it is typed, if the page has told. */
  readonly page: string | undefined;
}

/**
 * Makes a code for whoever runs this, and the file that proves it.
 *
 * @throws LatchkeyError `file/io` when the monitor's directory is not there
 */
export async function createSignInCode(directory: string): Promise<SignInCode> {
  const code = createCode();
  const { fileName, contents } = proofOf(code);
  const file = join(directory, fileName);
  try {
    await writeFile(file, contents, { mode: PROOF_MODE, flag: 'wx' });
    await chmod(file, PROOF_MODE);
  } catch (cause) {
    const reason = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : '';
    throw new LatchkeyError('file/io', `cannot leave a proof in ${quote(directory)}: ${reason}`, {
      cause,
      hint: 'run this on the host where you submit jobs; its web page makes that directory (--directory DIR for another)',
    });
  }
  return { code, validSeconds: CODE_MS / 1_000, page: await signInPage(directory) };
}

/** Tells makers of codes where to type them; that it cannot be told is no failure. */
export async function publishSignInPage(directory: string, prefix: string): Promise<void> {
  await writeFileAtomic(join(dirname(directory), ADDRESS_FILE), `${prefix}/sign-in\n`, 0o644).catch(() => {});
}

async function signInPage(directory: string): Promise<string | undefined> {
  const text = await readFile(join(dirname(directory), ADDRESS_FILE), 'utf8').catch(() => '');
  const address = text.trim();
  return address.length <= MAX_ADDRESS_BYTES && URL.canParse(address) ? new URL(address).href : undefined;
}

/**
 * The uid that proves itself with this file. A link to or a move of somebody else's file proves nothing: the contents
 * must be the code's, and nobody but the owner may have been able to write them.
 */
async function proofOwner(path: string, contents: string, now: Date): Promise<number | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      const age = now.getTime() - stats.mtimeMs;
      const isProof =
        stats.isFile() &&
        stats.nlink === 1 &&
        (stats.mode & 0o7777) === PROOF_MODE &&
        stats.size === contents.length &&
        age <= CODE_MS &&
        age > -CODE_MS &&
        (await file.readFile('utf8')) === contents;
      return isProof ? stats.uid : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
