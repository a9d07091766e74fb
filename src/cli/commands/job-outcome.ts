import type { Job } from '../../jobs/index.ts';
import type { Invocation, Report } from './command.ts';

/** What a shell would have ended with. */
function exitCodeOfJob({ facts }: Job): number {
  return (
    facts.exitCode ?? (facts.signal === undefined ? (facts.state === 'Done' ? 0 : 1) : 128 + facts.signal)
  );
}

/** `Failed (timeout), signal 15`: how it ended, in a few words. */
export function outcomeText({ facts }: Job): string {
  const { state, reason, exitCode, signal } = facts;
  const how =
    signal === undefined ? (exitCode === undefined ? '' : `, exit code ${exitCode}`) : `, signal ${signal}`;
  return `${state}${reason === undefined ? '' : ` (${reason})`}${how}`;
}

/** What is said at a job's end, and what the command ends with: a job that is Done without its files is no success. */
export function reportOfEnd(job: Job, note: (text: string) => void): Report {
  if (job.state !== 'Done') note(`latchkey: ${outcomeText(job)}`);
  if (job.trouble !== undefined) {
    note(`latchkey: ${job.trouble.message}`);
    if (job.trouble.hint !== undefined) note(`  hint: ${job.trouble.hint}`);
  }
  const exitCode = job.trouble !== undefined && job.state === 'Done' ? 1 : exitCodeOfJob(job);
  return { json: factsJson(job), lines: [], exitCode };
}

/** Facts as `--json` prints them. */
export function factsJson(job: Job): unknown {
  return {
    id: job.id,
    ...job.facts,
    description: job.description?.name,
    tasks: Object.fromEntries(job.tasks),
  };
}

/**
 * Writes both outputs of a job as they come, and tells of its changes, until it has ended.
 *
 * @param isSilent with `--json` only the result is printed
 */
export async function streamJob(job: Job, { context, note, json }: Invocation): Promise<void> {
  const stop = job.onChange((change) => {
    if (change.kind === 'recovered') note('latchkey: it can be asked after again');
    else if (change.error !== undefined) note(`latchkey: ${change.error.message}`);
  });
  try {
    const isArray = job.description?.arraySize !== undefined;
    if (json || isArray || job.description === undefined) {
      await job.wait();
      return;
    }
    const copy = async (stream: 'stdout' | 'stderr', write: (part: Uint8Array) => void) => {
      for await (const part of job.follow(stream)) write(part);
    };
    await Promise.all([
      copy('stdout', (part) => context.out(part)),
      copy('stderr', (part) => context.err(Buffer.from(part).toString('utf8'))),
      job.wait(),
    ]);
  } finally {
    stop();
  }
}
