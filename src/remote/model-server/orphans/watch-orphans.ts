import { readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../kit/index.ts';
import { JOB_LOG, JOBS_DIRECTORY } from '../host/job-directory.ts';
import { endProcesses } from '../host/job-processes.ts';
import { isGone } from '../host/process-mark.ts';
import { STATE_FILE } from '../live-jobs.ts';
import { readState, type SavedJob } from '../state-file.ts';
import { hasClient } from './has-client.ts';

export interface OrphanWatch {
  /** Of the model server that has ended. */
  readonly directory: string;
  /** How long a job lives on with neither server nor client. */
  readonly graceSeconds: number;
  /** Between TERM and KILL. */
  readonly stopSeconds: number;
  /** The operator's socket: whoever listens on it has the directory. */
  readonly controlSocket: string;
  readonly clock?: Clock;
}

const LOOK_MS = 1000;

/**
 * Watches jobs whose model server has ended without ending them: a job that no client is connected to, and that no server has taken over, for
 * the whole grace is ended with all it started. Resolves when a server has the directory again, or no job is left.
 */
export async function watchOrphans(watch: OrphanWatch): Promise<void> {
  const { directory, graceSeconds, stopSeconds, controlSocket, clock = systemClock } = watch;
  const aloneSince = new Map<string, number>();
  while (!(await isTaken(controlSocket))) {
    // What cannot be read is nobody's business but the next server's.
    const state = await readState(join(directory, STATE_FILE)).catch(() => undefined);
    const jobs = (state?.jobs ?? []).filter(isRunning);
    if (jobs.length === 0) return;
    const tables = connections();
    const now = clock.now().getTime();
    for (const job of jobs) {
      if (job.report != null && hasClient(job.report.uri, tables)) aloneSince.delete(job.id);
      else if (!aloneSince.has(job.id)) aloneSince.set(job.id, now);
    }
    const over = jobs.filter(({ id }) => now - (aloneSince.get(id) ?? now) >= graceSeconds * 1000);
    await Promise.all(
      over.map(async (job) => {
        const own = join(directory, JOBS_DIRECTORY, job.directory);
        const why = `its model server is gone, and no client was connected for ${graceSeconds} s`;
        await appendFile(join(own, JOB_LOG), `latchkey: ${job.id} is ended: ${why}\n`).catch(() => {});
        await endProcesses(job.process ?? undefined, own, stopSeconds * 1000);
      }),
    );
    await clock.sleep(LOOK_MS);
  }
}

/** Jobs of batch systems end with their wall time, and are not of this machine. */
function isRunning({ process, directory }: SavedJob): boolean {
  return process != null && /^\d{1,15}$/.test(directory) && !isGone(process);
}

/** Where the system does not tell, no client is known. */
function connections() {
  const read = (name: string) => {
    try {
      return readFileSync(`/proc/net/${name}`, 'latin1');
    } catch {
      return '';
    }
  };
  return { unix: read('unix'), tcp: `${read('tcp')}\n${read('tcp6')}` };
}

function isTaken(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const trial = connect({ path: socket });
    const settle = (answer: boolean) => {
      trial.destroy();
      resolve(answer);
    };
    trial.once('connect', () => settle(true));
    trial.once('error', () => settle(false));
  });
}
