import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { JOBS_DIRECTORY } from './host/job-directory.ts';
import { isLive } from './job-entry.ts';
import type { ManagedJob } from './managed-job.ts';
import type { SavedJob, SavedState } from './state-file.ts';

/** What a server after this one must know of its live jobs. */
export function savedJobs(jobs: readonly ManagedJob[]): SavedJob[] {
  return jobs
    .filter((job) => isLive(job.entry))
    .map(({ entry, key, directory, process, batch, ticket, protection }) => ({
      ...{ id: entry.id, user: entry.user, owner: entry.owner, createdAt: entry.createdAt },
      directory: directory.slice(directory.lastIndexOf('/') + 1),
      key: key.revealText(),
      startedAt: entry.startedAt ?? null,
      ...{ process: process ?? null, batch: batch ?? null, ticket: ticket ?? null },
      report: entry.uri === undefined ? null : { uri: entry.uri, port: entry.port, protection },
    }));
}

/** Beyond every number that the state or a directory shows: also when the state was lost. */
export async function firstNumber(directory: string, saved: SavedState | undefined): Promise<number> {
  const names = await readdir(join(directory, JOBS_DIRECTORY)).catch(() => []);
  const numbers = names.filter((name) => /^\d{1,15}$/.test(name)).map(Number);
  return Math.max(saved?.nextNumber ?? 1, ...numbers.map((number) => number + 1));
}
