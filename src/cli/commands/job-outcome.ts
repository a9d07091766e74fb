import { isFinal, type Job, type JobFacts } from '../../jobs/index.ts';
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

/**
 * What is said at a job's end, and what the command ends with: a job that is Done without its files is no success.
 *
 * @param told messages that the user has seen while it ran
 */
export function reportOfEnd(
  job: Job,
  note: (text: string) => void,
  told: ReadonlySet<string> = new Set(),
): Report {
  if (job.state !== 'Done') note(`latchkey: ${outcomeText(job)}`);
  if (job.trouble !== undefined) {
    if (!told.has(job.trouble.message)) note(`latchkey: ${job.trouble.message}`);
    if (job.trouble.hint !== undefined) note(`  hint: ${job.trouble.hint}`);
  }
  if (job.reason === 'vanished') {
    note(
      `  hint: nobody knows what became of it; latchkey jobs remove '${job.id}' takes away what is left there`,
    );
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
 * Writes both outputs of a job as they come, and tells of its changes, until it has ended or vanished.
 *
 * @param isSilent with `--json` only the result is printed
 * @returns what was told already
 */
export async function streamJob(job: Job, { context, note, json }: Invocation): Promise<ReadonlySet<string>> {
  const told = new Set<string>();
  const stop = job.onChange((change) => {
    if (change.kind === 'recovered') note('latchkey: it can be asked after again');
    else if (change.error !== undefined) {
      note(`latchkey: ${change.error.message}`);
      told.add(change.error.message);
    }
  });
  const over = new AbortController();
  try {
    const isArray = job.description?.arraySize !== undefined;
    const copy = async (stream: 'stdout' | 'stderr', write: (part: Uint8Array) => void) => {
      for await (const part of job.follow(stream, { signal: over.signal })) write(part);
    };
    const isSilent = json || isArray || job.description === undefined;
    const copies = isSilent
      ? []
      : [
          copy('stdout', (part) => context.out(part)),
          copy('stderr', (part) => context.err(Buffer.from(part).toString('utf8'))),
        ];
    const copied = Promise.all(copies).catch((error: unknown) => {
      if (!over.signal.aborted) throw error;
    });
    const ended = waitUntilOver(job).then(() => {
      // What it wrote last is read only of a job that has ended; of another nobody knows what is last.
      if (!isFinal(job.state)) over.abort();
    });
    await Promise.all([copied, ended]);
    return told;
  } finally {
    over.abort();
    stop();
  }
}

/** Waits until a job has ended, or vanished. */
export async function waitUntilOver(job: Job, timeoutMs?: number): Promise<void> {
  const vanished = new AbortController();
  const look = ({ facts }: { readonly facts: JobFacts }) => {
    if (facts.reason === 'vanished') vanished.abort();
  };
  const stop = job.onChange(look);
  look(job);
  try {
    await job.wait({ timeoutMs, signal: vanished.signal });
  } catch (error) {
    if (!vanished.signal.aborted) throw error;
  } finally {
    stop();
  }
}
