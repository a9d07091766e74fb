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
 * @param shown what the user has seen of it while it ran
 */
export function reportOfEnd(job: Job, note: (text: string) => void, { told, outputs }: Shown): Report {
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
  return { json: { ...factsJson(job), ...outputs }, lines: [], exitCode };
}

/** What was seen of a job while it ran. */
export interface Shown {
  /** Messages that the user has been told. */
  readonly told: ReadonlySet<string>;
  /** With `--json`, for its document: the first 4 MiB of each. */
  readonly outputs?: Outputs;
  /** Both outputs were seen, from their beginnings to their ends. */
  readonly isWhole: boolean;
}

interface Outputs {
  readonly stdout: string;
  readonly stderr: string;
  readonly isTruncated: boolean;
}

const MAX_JSON_BYTES = 4 << 20;

/** Facts as `--json` prints them. */
export function factsJson(job: Job): object {
  return {
    id: job.id,
    ...job.facts,
    description: job.description?.name,
    tasks: Object.fromEntries(job.tasks),
  };
}

/**
 * Writes both outputs of a job as they come, and tells of its changes, until it has ended or vanished. With `--json` the outputs are
 * gathered for the document.
 */
export async function streamJob(job: Job, { context, note, json }: Invocation): Promise<Shown> {
  const told = new Set<string>();
  const stop = job.onChange((change) => {
    if (change.kind === 'recovered') note('latchkey: it can be asked after again');
    else if (change.error !== undefined) {
      note(`latchkey: ${change.error.message}`);
      told.add(change.error.message);
    }
  });
  const over = new AbortController();
  const follow = (stream: 'stdout' | 'stderr') => job.follow(stream, { signal: over.signal });
  const [stdout, stderr] = [gatherer(), gatherer()];
  try {
    // Each task of an array has outputs of its own.
    const hasOutputs = job.description !== undefined && job.description.arraySize === undefined;
    const copies = !hasOutputs
      ? []
      : json
        ? [stdout.gather(follow('stdout')), stderr.gather(follow('stderr'))]
        : [
            copy(follow('stdout'), (part) => context.out(part)),
            copy(follow('stderr'), (part) => context.err(part)),
          ];
    const copied = Promise.all(copies).catch((error: unknown) => {
      if (!over.signal.aborted) throw error;
    });
    const ended = waitUntilOver(job).then(() => {
      // What it wrote last is read only of a job that has ended; of another nobody knows what is last.
      if (!isFinal(job.state)) over.abort();
    });
    await Promise.all([copied, ended]);
    const isWhole = hasOutputs && isFinal(job.state);
    if (!json || !hasOutputs) return { told, isWhole };
    const isTruncated = stdout.isTruncated() || stderr.isTruncated();
    return { told, isWhole, outputs: { stdout: stdout.text(), stderr: stderr.text(), isTruncated } };
  } finally {
    over.abort();
    stop();
  }
}

async function copy(parts: AsyncIterable<Uint8Array>, write: (part: Uint8Array) => void): Promise<void> {
  for await (const part of parts) write(part);
}

/** Keeps the beginning of an output, and asks for no more than that. */
function gatherer() {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    async gather(parts: AsyncIterable<Uint8Array>): Promise<void> {
      for await (const part of parts) {
        chunks.push(part.subarray(0, Math.max(0, MAX_JSON_BYTES - size)));
        size += part.length;
        if (size > MAX_JSON_BYTES) return;
      }
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
    isTruncated: () => size > MAX_JSON_BYTES,
  };
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
