import type { Job } from '../../../../jobs/index.ts';
import { LatchkeyError } from '../../../../kit/index.ts';
import { lastWords } from '../job-log.ts';
import type { StartSpec } from '../model-host.ts';
import { EndedEarly, LateReport } from './await-report.ts';
import { endOfBatch } from './batch-ending.ts';

const WORDS_BYTES = 4000;

/** Why a batch job became no model, with what it said last: the job's log, or what it said before it had one. */
export async function startFailure(
  error: unknown,
  { job: id, startMs }: Pick<StartSpec, 'job' | 'startMs'>,
  system: string,
  job: Job | undefined,
  readLog: () => Promise<readonly string[]>,
): Promise<LatchkeyError> {
  const said = await readLog().catch(() => []);
  const log = said.length > 0 || job === undefined ? said : await wordsOf(job);
  const details = { job: id, log, ...(job?.id === undefined ? {} : { batch: job.id }) };
  const hint = `"latchkey models logs ${id}" shows all that it said`;
  if (error instanceof LateReport)
    return new LatchkeyError(
      'remote/timed-out',
      `${id} has not reported within ${startMs / 1000} s of running; ${lastWords(log)}`,
      { hint: 'raise start_timeout if it needs longer', details, retryable: true },
    );
  if (error instanceof EndedEarly && job !== undefined) {
    const { code, signal, why } = endOfBatch(job.facts, system);
    const how = why ?? (signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`);
    return new LatchkeyError('remote/start-failed', `${id} never reported: ${how}; ${lastWords(log)}`, {
      hint:
        log.length === 0
          ? 'do all nodes see its directory? -D puts it on a file system that they share'
          : hint,
      details: { ...details, exitCode: code, signal },
    });
  }
  if (error instanceof LatchkeyError)
    return new LatchkeyError(
      job === undefined ? 'remote/start-failed' : error.code,
      job === undefined
        ? `${id} cannot be submitted: ${error.message}`
        : `${error.message}; ${lastWords(log)}`,
      {
        ...{ details: { ...error.details, ...details }, cause: error, retryable: error.retryable },
        hint: error.hint ?? hint,
      },
    );
  const message = error instanceof Error ? error.message : String(error);
  return new LatchkeyError('remote/start-failed', `${id} cannot be started: ${message}`, {
    cause: error,
    details,
    hint,
  });
}

/** What the launcher and the scheduler wrote, where the job itself never came to say anything. */
async function wordsOf(job: Job): Promise<readonly string[]> {
  const text = await job.stderr({ tailBytes: WORDS_BYTES }).catch(() => Buffer.alloc(0));
  return text
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
}

/** The same, and the batch job that should have gone with it. */
export function stillThere(failure: unknown, job: Job | undefined, cause: unknown): LatchkeyError {
  const [message, reason] = [failure, cause].map((error) =>
    error instanceof Error ? error.message : String(error),
  );
  const code = failure instanceof LatchkeyError ? failure.code : 'remote/start-failed';
  return new LatchkeyError(
    code,
    `${message}; and ${job?.id ?? 'its directory'} could not be removed: ${reason}`,
    {
      cause,
      hint: 'cancel it yourself: latchkey jobs cancel',
      ...(failure instanceof LatchkeyError ? { details: failure.details, retryable: failure.retryable } : {}),
    },
  );
}
