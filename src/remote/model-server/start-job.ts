import { join } from 'node:path';
import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import { JOB_SOCKET, makeJobDirectory } from './host/job-directory.ts';
import type { ModelHost, RunningModel, StartSpec } from './host/model-host.ts';
import type { PortPool } from './host/port-pool.ts';
import type { ModelPlace } from './host/report.ts';
import type { ManagedJob } from './managed-job.ts';
import type { ModelServerSettings } from './settings/model-server-settings.ts';

/** What a start needs of the server. */
export interface StartGround {
  readonly settings: ModelServerSettings;
  readonly host: ModelHost;
  /** Absent = jobs listen on sockets, or on any port. */
  readonly ports: PortPool | undefined;
  now(): number;
  /**
   * Shows that what answers at the address is the job, by its key.
   *
   * @throws when it is not
   */
  prove(model: RunningModel, job: ManagedJob, signal: AbortSignal): Promise<void>;
  /** More is known of where it is, or how it stands. */
  onChange(job: ManagedJob): void;
}

/** Ports that may turn out to be somebody else's before a start is given up. */
const PORT_TRIES = 4;

/**
 * Starts a job and proves that it is the one that answers. A port that somebody else got first is put aside, and another tried.
 *
 * @throws LatchkeyError `remote/start-failed`, `remote/timed-out`, `remote/full` (no port); nothing of the job runs then
 */
export async function startJob(job: ManagedJob, ground: StartGround): Promise<RunningModel> {
  // What a server before this one has begun is there already.
  if (job.batch === undefined) await makeJobDirectory(job.directory);
  for (let tries = 1; ; tries += 1) {
    const place = await placeOf(job, ground);
    try {
      return await startAt(place, job, ground);
    } catch (error) {
      const port = 'port' in place ? place.port : 0;
      if (ground.ports === undefined || port === 0) throw error;
      const isTaken = isLatchkeyError(error) && error.details.portTaken === true;
      if (isTaken) ground.ports.bar(port, ground.now());
      else ground.ports.give(port);
      if (!isTaken || tries === PORT_TRIES || job.starting.signal.aborted) throw error;
    }
  }
}

async function startAt(place: ModelPlace, job: ManagedJob, ground: StartGround): Promise<RunningModel> {
  const { settings, host } = ground;
  const { limits } = settings;
  const spec: StartSpec = {
    ...{ job: job.id, program: settings.model, directory: job.directory, place, key: job.key },
    environment: settings.environment,
    startMs: limits.startSeconds * 1000,
    stopMs: limits.stopSeconds * 1000,
    begun: job.batch,
    onProcess: (process) => {
      job.process = process;
      ground.onChange(job);
    },
    onBatch: (batch) => {
      job.batch = batch;
      ground.onChange(job);
    },
    onQueue: (queue) => {
      job.queue = queue;
      ground.onChange(job);
    },
  };
  const { signal } = job.starting;
  const model = await host.start(spec, signal);
  try {
    await ground.prove(model, job, AbortSignal.any([signal, AbortSignal.timeout(spec.startMs)]));
    return model;
  } catch (cause) {
    await model.stop();
    if (signal.aborted) throw signal.reason;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError(
      'remote/start-failed',
      `${job.id} reports ${model.report.uri}, but what answers there is not that job: ${reason}`,
      {
        cause,
        hint: 'somebody else has that address, or the job listens on another one, or without the key it was given',
        retryable: true,
        details: { job: job.id, portTaken: true },
      },
    );
  }
}

async function placeOf(job: ManagedJob, { settings, ports, now }: StartGround): Promise<ModelPlace> {
  const { jobPlaces } = settings;
  if (jobPlaces === 'unix') return { unix: join(job.directory, JOB_SOCKET) };
  return { host: jobPlaces.host, port: ports === undefined ? 0 : await ports.take(now()) };
}
