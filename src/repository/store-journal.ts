import { rename, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LatchkeyError, syncDirectory } from '../kit/index.ts';
import { errorCode, ioError, readStamped, stampOf } from './file-stamp.ts';

/** The journal's name in the directory; the C server looks at names that end in `.data` only. */
export const JOURNAL_NAME = '.latchkey-journal';
const MAX_JOURNAL_BYTES = 64 * 1024;

/** One file to be put in place, or to be removed. */
export interface JournalStep {
  /** Name of the file in the directory. */
  readonly file: string;
  /** Name of the staged file that takes its place; `undefined` = the file is removed. */
  readonly staged?: string | undefined;
}

interface RecordedStep extends JournalStep {
  /** Contents stamp of `file` before the step; absent = there was none. */
  readonly before?: string | undefined;
}

/**
 * Carries out several steps as one: they are written down first, so that whoever comes after a crash can finish them.
 * Staged files must be durable. To be called while the lock is held.
 *
 * @param stage writes a durable temporary file in the directory
 */
export async function commitSteps(
  directory: string,
  steps: readonly JournalStep[],
  stage: (data: string) => Promise<string>,
): Promise<void> {
  const journal = join(directory, JOURNAL_NAME);
  let isCommitted = false;
  try {
    const recorded: RecordedStep[] = [];
    for (const step of steps) {
      const before = (await stampOf(join(directory, step.file)))?.contents;
      recorded.push({ ...step, before });
    }
    const staged = await stage(JSON.stringify({ version: 1, steps: recorded })).catch((error: unknown) => {
      // On a full disk what is to be removed still can be, file by file: that is how room is made, and a stolen key undone.
      if (isFull(error) && steps.every((step) => step.staged === undefined)) return undefined;
      throw error;
    });
    if (staged !== undefined) await rename(staged, journal);
    isCommitted = staged !== undefined;
    if (isCommitted) await syncDirectory(directory);
    for (const step of recorded) await perform(directory, step);
    await syncDirectory(directory);
    if (isCommitted) await unlink(journal);
  } catch (error) {
    // From here on the journal is the truth, and the next operation tries again.
    if (!isCommitted) await discardStaged(directory, steps);
    throw ioError(`cannot write in "${directory}"`, error);
  }
}

function isFull(error: unknown): boolean {
  const code = errorCode(error instanceof LatchkeyError ? error.cause : error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Removes staged files that will not be used. */
export async function discardStaged(directory: string, steps: readonly JournalStep[]): Promise<void> {
  for (const { staged } of steps) {
    if (staged !== undefined) await unlinkIfThere(join(directory, staged)).catch(() => {});
  }
}

/** What {@link recoverSteps} found. */
export type Recovery = 'nothing' | 'finished' | 'dropped' | 'unreadable';

/**
 * Finishes what a process that was killed had written down. When another program has written one of the files since,
 * the rest is dropped: it is older than what is there. To be called while the lock is held.
 */
export async function recoverSteps(directory: string): Promise<Recovery> {
  const journal = join(directory, JOURNAL_NAME);
  const file = await readStamped(journal, MAX_JOURNAL_BYTES);
  if (file === undefined) return 'nothing';
  const steps = parseJournal(file.bytes.toString('utf8'));
  if (steps === undefined) {
    await rename(journal, `${journal}.unreadable`);
    return 'unreadable';
  }
  const open: RecordedStep[] = [];
  let isForeign = false;
  for (const step of steps) {
    if (step.staged !== undefined && (await stampOf(join(directory, step.staged))) === undefined) continue;
    const current = (await stampOf(join(directory, step.file)))?.contents;
    if (step.staged === undefined && current === undefined) continue;
    open.push(step);
    if (current !== step.before) isForeign = true;
  }
  for (const step of open) {
    if (!isForeign) await perform(directory, step);
    else if (step.staged !== undefined) await unlinkIfThere(join(directory, step.staged));
  }
  await syncDirectory(directory);
  await unlink(journal);
  return isForeign ? 'dropped' : 'finished';
}

async function perform(directory: string, step: JournalStep): Promise<void> {
  const path = join(directory, step.file);
  if (step.staged === undefined) await unlinkIfThere(path);
  else await rename(join(directory, step.staged), path);
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw ioError(`cannot remove "${path}"`, error);
  }
}

function parseJournal(text: string): readonly RecordedStep[] | undefined {
  try {
    const value = JSON.parse(text) as { version?: unknown; steps?: unknown };
    if (value.version !== 1 || !Array.isArray(value.steps)) return undefined;
    const steps = value.steps as readonly RecordedStep[];
    return steps.every(isPlain) ? steps : undefined;
  } catch {
    return undefined;
  }
}

/** Names of this directory only, whoever wrote the journal. */
function isPlain(step: RecordedStep): boolean {
  return [step.file, step.staged].every(
    (name) => name === undefined || (typeof name === 'string' && name !== '' && name === basename(name)),
  );
}
