import { LatchkeyError } from '../kit/index.ts';
import type { Job } from './job.ts';
import type { JobListener } from './job-entry.ts';
import type { JobState } from './job-state.ts';
import type { Service } from './service.ts';

/** How many are submitted at one moment. */
const AT_ONCE = 4;

/** Jobs of one service that are run, waited for and cancelled together. */
export class JobContainer {
  readonly #service: Service;
  readonly #jobs = new Set<Job>();

  constructor(service: Service) {
    this.#service = service;
  }

  get jobs(): readonly Job[] {
    return [...this.#jobs];
  }

  get size(): number {
    return this.#jobs.size;
  }

  get states(): readonly JobState[] {
    return this.jobs.map((job) => job.state);
  }

  add(job: Job): void {
    this.#jobs.add(job);
  }

  /** @returns false when it was not in it */
  remove(job: Job): boolean {
    return this.#jobs.delete(job);
  }

  /**
   * Runs those that are `New`, a few at a time.
   *
   * @throws AggregateError with what failed, after all were tried; those that failed are `New` still
   */
  async run(): Promise<void> {
    const waiting = this.jobs.filter((job) => job.state === 'New');
    const failures: unknown[] = [];
    const worker = async () => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        await job.run().catch((error: unknown) => failures.push(error));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} of the jobs could not be submitted`);
  }

  /**
   * Waits for `all` of them or for `any`.
   *
   * @returns those that have ended, none when the time was over first
   * @throws LatchkeyError `jobs/state` for an empty container
   */
  async wait(
    mode: 'all' | 'any' = 'all',
    { timeoutMs }: { readonly timeoutMs?: number } = {},
  ): Promise<readonly Job[]> {
    const { jobs } = this;
    if (jobs.length === 0)
      throw new LatchkeyError('jobs/state', 'an empty container has nothing to wait for');
    const stop = new AbortController();
    const ended: Job[] = [];
    const waits = jobs.map(async (job) => {
      if (await job.wait({ timeoutMs, signal: stop.signal })) ended.push(job);
      return job;
    });
    try {
      await (mode === 'all' ? Promise.all(waits) : Promise.race(waits));
    } finally {
      stop.abort();
      await Promise.allSettled(waits);
    }
    return mode === 'all' && ended.length < jobs.length ? [] : ended;
  }

  /** Cancels all that have not ended, with one request. */
  async cancel(): Promise<void> {
    const running = this.jobs.filter((job) => !['New', 'Done', 'Failed', 'Canceled'].includes(job.state));
    await this.#service.cancelAll(running);
  }

  /** Calls `listener` for each change of each job. @returns what ends it */
  onChange(listener: JobListener): () => void {
    const stops = this.jobs.map((job) => job.onChange(listener));
    return () => {
      for (const stop of stops) stop();
    };
  }
}
