import { fstatSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { parseServiceUrl } from '../../jobs/index.ts';
import { LatchkeyError } from '../../kit/index.ts';
import type { Invocation } from './command.ts';
import type { Given } from './given.ts';
import { attributeOf } from './job-description-file.ts';

/** Until somebody who waits for the end of an input is told so. */
const PATIENCE_MS = 2000;

/**
 * Standard input for a job, or nothing: a terminal and a job that is left alone get it only when `--stdin` says so, and one whose description
 * names a file has that. Reading begins when it is asked for.
 *
 * @throws LatchkeyError `cli/usage`
 */
export function inputFor(
  given: Given,
  url: string,
  description: Readonly<Record<string, unknown>>,
): Readable | undefined {
  const [isWanted, isRefused, isDetached] = ['stdin', 'no-stdin', 'detach'].map((flag) => given.flag(flag));
  if (isWanted && isRefused) throw new LatchkeyError('cli/usage', 'it is either --stdin or --no-stdin');
  if (isRefused) return undefined;
  if (isWanted && isDetached && parseServiceUrl(url).batch === undefined) {
    throw new LatchkeyError('cli/usage', 'there is nobody left to pass standard input on with --detach', {
      hint: 'copy a file with fileTransfer, and name it as the input in a description',
    });
  }
  if (!isWanted && (isDetached || attributeOf(description, 'input') !== undefined || isatty(0)))
    return undefined;
  return isNothing() ? undefined : process.stdin;
}

/** Tells somebody who may not know that a job for a scheduler waits for the end of the input. @returns what ends that */
export function tellOfWaiting(input: Readable | undefined, url: string, { note }: Invocation): () => void {
  if (input === undefined || parseServiceUrl(url).batch === undefined) return () => {};
  const timer = setTimeout(() => {
    if (!input.readableEnded)
      note(
        'latchkey: standard input is read to its end before the job is submitted; --no-stdin leaves it alone',
      );
  }, PATIENCE_MS);
  return () => clearTimeout(timer);
}

/** Closed, or the null device: the job has that anyway. */
function isNothing(): boolean {
  try {
    const { rdev } = fstatSync(0);
    return rdev !== 0 && rdev === statSync('/dev/null').rdev;
  } catch {
    return true;
  }
}
