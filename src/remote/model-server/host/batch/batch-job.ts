import { type Job, type JobCredential, parseJobId, type Service } from '../../../../jobs/index.ts';
import { type Clock, isLatchkeyError, LatchkeyError } from '../../../../kit/index.ts';
import { isEnded } from './batch-ending.ts';

const STOP_MS = 60_000;
/** How long a scheduler that does not answer is asked again. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 2000;

/**
 * Takes up the job of a server before this one.
 *
 * @throws LatchkeyError `jobs/not-found`; `config/invalid` when it is a job of another host than this server's; what a scheduler says that
 *   does not answer for a minute
 */
export async function takeUp(
  service: Service,
  id: string,
  credentials: readonly JobCredential[],
  clock: Clock,
): Promise<Job> {
  const host = parseJobId(id).service;
  if (host !== service.url)
    throw new LatchkeyError(
      'config/invalid',
      `"${id}" is a job of ${host}, and this server's host is ${service.url}`,
      {
        hint: 'start it with that host once more, and drain it or have it stop with its jobs',
      },
    );
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      return await service.getJob(id, { credentials });
    } catch (error) {
      if (waited >= PATIENCE_MS || isLatchkeyError(error, 'jobs/not-found')) throw error;
      await clock.sleep(PAUSE_MS);
    }
  }
}

/** For `catch`: what nobody knows is gone. */
export function orGone(error: unknown): undefined {
  if (!isLatchkeyError(error, 'jobs/not-found')) throw error;
}

/** Resolves when nothing more comes of it. */
export function endOf(job: Job): Promise<void> {
  return new Promise((resolve) => {
    if (isEnded(job.facts)) return resolve();
    const stop = job.onChange(({ facts }) => {
      if (!isEnded(facts)) return;
      stop();
      resolve();
    });
  });
}

/** Cancels it, waits for its end, and removes its sandbox. A scheduler that does not answer is asked again for a while. */
export async function endJob(job: Job, clock: Clock): Promise<void> {
  for (let waited = 0; !isEnded(job.facts); waited += PAUSE_MS) {
    try {
      await job.cancel();
      break;
    } catch (error) {
      // It ended in this moment.
      if (isLatchkeyError(error, 'jobs/state')) break;
      if (waited >= PATIENCE_MS) throw error;
      await clock.sleep(PAUSE_MS);
    }
  }
  const late = AbortSignal.timeout(STOP_MS);
  await Promise.race([
    endOf(job),
    new Promise<void>((resolve) => late.addEventListener('abort', () => resolve(), { once: true })),
  ]);
  if (!isEnded(job.facts))
    throw new LatchkeyError(
      'remote/timed-out',
      `${job.id} was cancelled, and has not ended within ${STOP_MS / 1000} s`,
    );
  await job.remove().catch(() => {});
}
