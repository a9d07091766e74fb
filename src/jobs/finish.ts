import { type Clock, isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import type { JobCredentials } from './job-credentials.ts';
import type { JobEntry } from './job-entry.ts';
import type { JobFacts } from './job-facts.ts';
import { placeTransfers, stageOut, workDirectoryOf } from './staging.ts';
import type { Workplace } from './workplace.ts';

/** What {@link finishJob} needs besides the job. */
export interface FinishTools {
  readonly place: () => Promise<Workplace>;
  readonly clock: Clock;
  readonly credentials: JobCredentials | undefined;
  readonly onTrouble: (error: LatchkeyError) => void;
}

/**
 * Of a job that has vanished nobody will tell the end: its credentials are renewed no more, and gone.
 *
 * @throws LatchkeyError of the connection
 */
export async function withdrawCredentials(
  { tag }: JobEntry,
  { place, clock, credentials }: Pick<FinishTools, 'place' | 'clock' | 'credentials'>,
): Promise<void> {
  if (tag === undefined) return;
  credentials?.release(tag);
  const { root, transport } = await place();
  await patiently(clock, () => transport.files.remove(`${root}/${tag}/credentials`, { recursive: true }));
}

const MAX_TRIES = 6;

/**
 * What is due at a job's end: its credentials are renewed no more and gone, its files are here, its sandbox is removed if it was
 * to be. A lost connection is waited for; what fails is told and does not change how the job ended.
 */
export async function finishJob(entry: JobEntry, facts: JobFacts, tools: FinishTools): Promise<void> {
  const { tag, job } = entry;
  if (tag === undefined || job === undefined) return;
  tools.credentials?.release(tag);
  const wantsFiles = (job.stageOut ?? 'always') === 'always' || facts.state === 'Done';
  const hasFiles = wantsFiles && job.transfers.some((transfer) => transfer.direction === 'out');
  const isForgotten = wantsFiles && entry.hasForgottenFiles;
  if (!entry.hasCredentials && !hasFiles && !isForgotten && job.cleanup !== true) return;
  try {
    const place = await tools.place();
    const { files } = place.transport;
    const sandbox = `${place.root}/${tag}`;
    if (entry.hasCredentials) {
      await patiently(tools.clock, () => files.remove(`${sandbox}/credentials`, { recursive: true }));
    }
    const isFetched = async () =>
      (await patiently(tools.clock, () => files.status(`${sandbox}/fetched`))) !== undefined;
    if (isForgotten && !(await isFetched())) {
      tools.onTrouble(notFetched(entry));
      return;
    }
    if (hasFiles && !(await isFetched())) {
      const transfers = placeTransfers(job, workDirectoryOf(job, place.home, sandbox));
      const failures = await stageOut(place, transfers, tools.clock);
      for (const failure of failures) tools.onTrouble(failure);
      if (failures.length > 0) return;
      // Taken up again, it is not fetched, or appended, once more.
      await patiently(tools.clock, () => files.write(`${sandbox}/fetched`, Buffer.alloc(0), { mode: 0o600 }));
    }
    if (job.cleanup === true) await patiently(tools.clock, () => files.remove(sandbox, { recursive: true }));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    tools.onTrouble(
      new LatchkeyError('jobs/staging', `the end of job "${entry.id}" could not be seen to: ${message}`, {
        cause,
      }),
    );
  }
}

function notFetched({ id }: JobEntry): LatchkeyError {
  return new LatchkeyError(
    'jobs/staging',
    `the files of job "${id}" are not fetched, and its sandbox stays`,
    {
      hint: 'say again where they go: getJob(id, { fileTransfer }), or latchkey jobs follow -d FILE; what that machine keeps of it is not believed',
    },
  );
}

async function patiently<Value>(clock: Clock, act: () => Promise<Value>): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!isLatchkeyError(error, 'ssh/lost') || tries === MAX_TRIES) throw error;
      await clock.sleep(500 * 2 ** tries);
    }
  }
}
