import { isLatchkeyError, LatchkeyError, printable } from '../kit/index.ts';
import type { CommandResult } from '../ssh/index.ts';

/**
 * A scheduler's refusal or silence, in its own words.
 *
 * @param tool which of its commands: `sbatch`
 * @param silence matches when it did not answer at all, so that trying again later may succeed
 */
export function schedulerFailure(tool: string, result: CommandResult, silence: RegExp): LatchkeyError {
  const said = lastWords(result);
  const isMissing = result.exitCode === 127;
  return new LatchkeyError(
    'jobs/scheduler',
    isMissing ? `there is no "${tool}" on that machine` : `${tool} failed: ${said}`,
    {
      retryable: silence.test(said),
      details: { tool, exitCode: result.exitCode },
      ...(isMissing ? { hint: 'is it in the PATH of a non-interactive login?' } : {}),
    },
  );
}

/** Whatever kept the jobs from being asked after, as a user can be told of it. */
export function asSchedulerError(cause: unknown): LatchkeyError {
  if (isLatchkeyError(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError('jobs/scheduler', `the jobs cannot be asked after: ${message}`, { cause });
}

/** What a program said last, on one line of printable text. */
function lastWords({ stdout, stderr, exitCode }: CommandResult): string {
  const text = [stderr, stdout].map((bytes) => bytes.toString('utf8').trim()).find((said) => said !== '');
  if (text === undefined) return `exit code ${exitCode} without a word`;
  return printable(text.split('\n').slice(-3).join('; ').slice(-400));
}
