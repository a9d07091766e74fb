import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '../../kit/index.ts';
import { JOBS_DIRECTORY, removeJobDirectory } from './host/job-directory.ts';
import type { RunningModel } from './host/model-host.ts';
import type { JobEntry } from './job-entry.ts';
import { ManagedJob } from './managed-job.ts';
import type { ModelServerParts } from './server-parts.ts';
import type { ModelServerSettings } from './settings/model-server-settings.ts';
import type { SavedJob, SavedState } from './state-file.ts';

/** A job of the server before this one; without a model it is gone, or has not reported yet. */
export interface RestoredJob {
  readonly job: ManagedJob;
  readonly model?: RunningModel;
}

const PROOF_MS = 5000;

/**
 * What became of the jobs of the server before: those that still run, are the same processes, and answer with their keys are
 * adopted, unless they are not wanted; of all others nothing is left. Directories that belong to no job are removed.
 */
export async function restoreJobs(
  saved: SavedState | undefined,
  settings: ModelServerSettings,
  parts: ModelServerParts,
  now: number,
): Promise<readonly RestoredJob[]> {
  const root = join(settings.directory, JOBS_DIRECTORY);
  // A name that is not one could lead anywhere.
  const jobs = (saved?.jobs ?? []).filter(({ directory }) => /^\d{1,15}$/.test(directory));
  const restored = await Promise.all(jobs.map((job) => restoreJob(job, root, settings, parts, now)));
  const known = new Set(jobs.map(({ directory }) => directory));
  for (const name of await readdir(root).catch(() => [])) {
    if (known.has(name) || !/^\d{1,15}$/.test(name)) continue;
    await parts.host.reap({ directory: join(root, name), stopMs: settings.limits.stopSeconds * 1000 });
    await removeJobDirectory(join(root, name)).catch(({ message: text }: Error) =>
      parts.onEvent?.({ event: 'trouble', text }),
    );
  }
  return restored;
}

async function restoreJob(
  saved: SavedJob,
  root: string,
  settings: ModelServerSettings,
  { host, prove }: ModelServerParts,
  now: number,
): Promise<RestoredJob> {
  const { id, user, owner, createdAt, startedAt, report, process, batch, ticket } = saved;
  const entry: JobEntry = {
    ...{ id, user, owner, createdAt, state: 'running' },
    startedAt: startedAt ?? undefined,
    uri: report?.uri,
    port: report?.port ?? 0,
  };
  const job = new ManagedJob(entry, new Secret(saved.key), join(root, saved.directory));
  job.process = process ?? undefined;
  job.batch = batch ?? undefined;
  job.ticket = ticket ?? undefined;
  const stopMs = settings.limits.stopSeconds * 1000;
  const left = { process: job.process, batch: job.batch, directory: job.directory, stopMs };
  if (settings.onRestart === 'adopt') {
    if (report != null) {
      const model = await host.adopt({ ...left, job: id, key: job.key, report });
      if (model !== undefined && (await answers(model, job, prove))) return { job, model };
    } else if (job.batch !== undefined) {
      // It waits in its queue, or starts: what it has to say will be heard.
      entry.state = 'starting';
      return { job };
    }
  }
  await host.reap(left);
  entry.state = 'ended';
  entry.ending = { reason: 'server', code: null, signal: null, at: now };
  return { job };
}

async function answers(
  model: RunningModel,
  job: ManagedJob,
  prove: ModelServerParts['prove'],
): Promise<boolean> {
  try {
    await prove(model, job, AbortSignal.timeout(PROOF_MS));
    return true;
  } catch {
    return false;
  }
}
