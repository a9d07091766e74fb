import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';

/** Where a monitor keeps what is its own, in its state directory (0700). */
export interface CredmonStateFiles {
  /** Unix socket of `latchkey credmon …`. */
  readonly controlSocket: string;
  /** The keeper's history. */
  readonly journal: string;
  /** Audit of tokens, JSON lines. */
  readonly audit: string;
  /** 32 bytes that refresh tokens are sealed under. */
  readonly sealingKey: string;
  /** Which account belongs to which local user. */
  readonly webAccounts: string;
  /** The page's API for the operator's own programs. */
  readonly webSocket: string;
  /** Refresh tokens that could not be written to the credential directory (it was full), sealed. */
  readonly rescued: string;
}

/** The names in a state directory. */
export function credmonStateFiles(stateDirectory: string): CredmonStateFiles {
  return {
    controlSocket: join(stateDirectory, 'control.sock'),
    journal: join(stateDirectory, 'journal.jsonl'),
    audit: join(stateDirectory, 'audit.jsonl'),
    sealingKey: join(stateDirectory, 'sealing.key'),
    webAccounts: join(stateDirectory, 'web-accounts.json'),
    webSocket: join(stateDirectory, 'web.sock'),
    rescued: join(stateDirectory, 'rescued'),
  };
}

/**
 * Makes the state directory (0700) when it is not there.
 *
 * @throws LatchkeyError `file/io`; `file/unsafe` when it is there and others may put something in
 */
export function makeStateDirectory(stateDirectory: string): CredmonStateFiles {
  try {
    makeDirectories(stateDirectory);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError(
      'file/io',
      `cannot make the state directory ${quote(stateDirectory)}: ${reason}`,
      {
        cause,
      },
    );
  }
  const { uid, mode } = statSync(stateDirectory);
  // Whoever may write there chooses what we seal with, whose account is whose, and where the audit goes.
  if ((uid === 0 || uid === process.geteuid?.()) && (mode & 0o022) === 0)
    return credmonStateFiles(stateDirectory);
  throw new LatchkeyError(
    'file/unsafe',
    `the state directory ${quote(stateDirectory)} can be changed by others (user ${uid}, mode ${(mode & 0o7777).toString(8)})`,
    { hint: 'give it to the user the monitor runs as, with mode 0700, and look what lies in it' },
  );
}

/** Not mkdir's `recursive`: where a file system answers ENOENT below a directory that is there (/proc), Node 20 tries for ever. */
function makeDirectories(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  if (!existsSync(dirname(path))) makeDirectories(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
