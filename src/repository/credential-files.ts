import { join } from 'node:path';
import { LatchkeyError } from '../kit/index.ts';
import { type FileStamp, readStamped, type StampedFile, stampOf } from './file-stamp.ts';
import { JOURNAL_NAME } from './store-journal.ts';

const MAX_DATA_BYTES = 1 << 20;
const MAX_CREDS_BYTES = 4 << 20;
const MAX_LOCK_BYTES = 64 * 1024;
const MAX_TRIES = 50;

/** The files of one credential, read as they were at one moment. */
export interface CredentialFiles {
  readonly data: StampedFile;
  readonly creds: StampedFile;
  readonly lock: StampedFile | undefined;
  /** Of the directory, from before the files were read. */
  readonly directory: FileStamp | undefined;
}

/** The names of a credential's files. */
export function filesOf(stem: string): { data: string; creds: string; lock: string } {
  return { data: `${stem}.data`, creds: `${stem}.creds`, lock: `${stem}.lock` };
}

/**
 * Reads data, key and lock of a credential without taking the writers' lock; `undefined` when it does not exist.
 *
 * A writer has its journal in the directory for as long as the files do not belong together. So what was read is one
 * state if afterwards there is no journal, and after that the files are still the ones read; the order matters.
 *
 * @param recover waits for a writer, or finishes the work of one that was killed
 * @throws LatchkeyError `file/io`, `repository/data-malformed`, `repository/unusable` when the files never stand still
 */
export async function readCredentialFiles(
  directory: string,
  stem: string,
  recover: () => Promise<unknown>,
): Promise<CredentialFiles | undefined> {
  const names = filesOf(stem);
  const [dataPath, credsPath, lockPath] = [names.data, names.creds, names.lock].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const directoryStamp = await stampOf(directory);
    const data = await readStamped(dataPath, MAX_DATA_BYTES);
    const [creds, lock] = await Promise.all([
      readStamped(credsPath, MAX_CREDS_BYTES),
      readStamped(lockPath, MAX_LOCK_BYTES),
    ]);
    if ((await stampOf(join(directory, JOURNAL_NAME))) !== undefined) {
      await recover();
      continue;
    }
    const [dataNow, credsNow] = await Promise.all([stampOf(dataPath), stampOf(credsPath)]);
    if (dataNow?.any !== data?.stamp.any || credsNow?.any !== creds?.stamp.any) continue;
    if (data === undefined || creds === undefined) return undefined;
    return { data, creds, lock, directory: directoryStamp };
  }
  throw new LatchkeyError('repository/unusable', `the files of "${stem}" change all the time`, {
    retryable: true,
  });
}

/**
 * False when the last change is so young that another one could leave the same stamp: file systems keep times in
 * ticks.
 */
export function hasSettled(stamp: FileStamp | undefined, now: number): boolean {
  return stamp !== undefined && now - stamp.changed > TICK_MS;
}

const TICK_MS = 2000;
