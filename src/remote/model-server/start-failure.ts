import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import { lastWords } from './host/job-log.ts';
import type { EndReason } from './job-entry.ts';
import type { ManagedJob } from './managed-job.ts';

/** It reported, and was gone before its client was told of it. */
export async function endedAtOnce(job: ManagedJob): Promise<LatchkeyError> {
  const log = await job.log.tail();
  const message = `${job.id} ended as soon as it had reported; ${lastWords(log)}`;
  return new LatchkeyError('remote/start-failed', message, {
    hint: `"latchkey models logs ${job.id}" shows all that it said`,
    details: { job: job.id, log },
  });
}

/** Why a start was given up, when somebody wanted that. */
export function endReasonOf(error: unknown): EndReason | undefined {
  return isLatchkeyError(error, 'remote/state') ? (error.details.reason as EndReason | undefined) : undefined;
}

/** How the process ended that failed to start, as far as it was seen. */
export function exitOf(error: unknown): { readonly code: number | null; readonly signal: string | null } {
  const details = isLatchkeyError(error) ? error.details : {};
  return {
    code: typeof details.exitCode === 'number' ? details.exitCode : null,
    signal: typeof details.signal === 'string' ? details.signal : null,
  };
}
