import { join } from 'node:path';
import { type Clock, LatchkeyError, printable, systemClock } from '../../kit/index.ts';
import type { Caller } from './caller.ts';
import { Uploads } from './files/uploads.ts';
import { cutLog } from './host/cut-log.ts';
import { removeJobDirectory } from './host/job-directory.ts';
import type { RunningModel } from './host/model-host.ts';
import { PortPool } from './host/port-pool.ts';
import { type EndReason, isLive, type JobEnding } from './job-entry.ts';
import { JobTable } from './job-table.ts';
import type { ManagedJob } from './managed-job.ts';
import { restoreJobs } from './restore-jobs.ts';
import { savedJobs } from './saved-jobs.ts';
import type { ModelServerEvent, ModelServerParts } from './server-parts.ts';
import type { ModelServerSettings } from './settings/model-server-settings.ts';
import { endedAtOnce, endReasonOf, exitOf } from './start-failure.ts';
import { type StartGround, startJob } from './start-job.ts';
import { type SavedState, StateFile } from './state-file.ts';

const TICK_MS = 1000;
/** In the server's directory. */
export const STATE_FILE = 'state.json';

/**
 * The jobs of one server as what they are: started, watched, ended, kept for a while, and on disk. Who may have one, and who may do what
 * with it, is not its concern.
 */
export class LiveJobs {
  readonly table: JobTable;
  /** Files on their way into jobs' directories. */
  readonly uploads: Uploads;
  readonly clock: Clock;
  /** Called when a job has reported, before its client is told of it. */
  onRunning: ((job: ManagedJob) => Promise<void>) | undefined;
  readonly #settings: ModelServerSettings;
  readonly #parts: ModelServerParts;
  readonly #jobs = new Map<string, ManagedJob>();
  readonly #ports: PortPool | undefined;
  readonly #state: StateFile;
  readonly #ticking = new AbortController();

  constructor(settings: ModelServerSettings, parts: ModelServerParts, nextNumber: number) {
    const { jobPlaces, limits } = settings;
    this.#settings = settings;
    this.#parts = parts;
    this.clock = parts.clock ?? systemClock;
    this.uploads = new Uploads(limits.maxFileBytes);
    this.table = new JobTable(settings.name, limits, nextNumber);
    this.#ports =
      jobPlaces === 'unix' || jobPlaces.ports === undefined
        ? undefined
        : new PortPool(jobPlaces.ports, jobPlaces.host);
    this.#state = new StateFile(join(settings.directory, STATE_FILE), () => this.#saved());
  }

  /** Live jobs and those that ended lately. */
  get all(): readonly ManagedJob[] {
    return [...this.#jobs.values()];
  }

  /** True from {@link close} on. */
  get isClosed(): boolean {
    return this.#ticking.signal.aborted;
  }

  /** @throws LatchkeyError `remote/unknown-job` */
  get(id: string): ManagedJob {
    const job = this.#jobs.get(id);
    // The table says it better.
    return job ?? (this.table.get(id) as never);
  }

  now(): number {
    return this.clock.now().getTime();
  }

  /** Takes over what the server before left, and looks after all of it from now on. */
  async begin(saved: SavedState | undefined): Promise<void> {
    const restored = await restoreJobs(saved, this.#settings, this.#parts, this.now());
    for (const { job, model } of restored) {
      this.#jobs.set(job.id, job);
      this.table.restore(job.entry);
      if (isLive(job.entry) && model === undefined) {
        this.#startLease(job);
        this.#tell('job-adopted', job, `has not reported yet, ${job.batch?.id}`);
        // Nobody may ask for it any more; then its lease runs out.
        this.start(job).catch((error: Error) => this.#trouble(error));
        continue;
      }
      if (model === undefined) {
        this.#tell('job-ended', job, 'was gone or not wanted when the server came back');
        continue;
      }
      if (job.entry.port !== 0) this.#ports?.claim(job.entry.port);
      this.#adoptModel(job, model);
      this.#startLease(job);
      this.#tell('job-adopted', job, job.entry.uri ?? '');
    }
    for (const id of this.table.forget()) this.#forget(id);
    await this.#state.save();
    void this.#tick();
  }

  /**
   * Starts a job whose slot is taken. Any number of starts run at the same time.
   *
   * @throws LatchkeyError `remote/start-failed`, `remote/timed-out`, `remote/state` when it was ended meanwhile
   */
  async start(job: ManagedJob): Promise<void> {
    this.#jobs.set(job.id, job);
    this.#tell('job-starting', job, `for ${job.entry.user}`);
    job.started = this.#startNow(job);
    await job.started;
  }

  async #startNow(job: ManagedJob): Promise<void> {
    try {
      // The number is on disk before anything of the job is.
      await this.#state.save();
      const model = await startJob(job, this.#startGround());
      this.table.started(job.id, model.report.uri, model.report.port, this.now());
      this.#adoptModel(job, model);
      await Promise.all([this.#state.save(), this.onRunning?.(job)]);
      if (!isLive(job.entry)) throw await endedAtOnce(job);
    } catch (error) {
      // A batch job that has not reported is left to the next server.
      if (this.isClosed && isLive(job.entry)) throw error;
      const reason = endReasonOf(error) ?? 'start-failed';
      await (job.model?.stop() ?? Promise.resolve());
      this.#ended(job, { reason, ...exitOf(error), at: this.now() });
      throw error;
    }
    if (job.starting.signal.aborted) throw job.starting.signal.reason;
    this.#tell('job-running', job, job.entry.uri ?? '');
  }

  /** The job is the caller's until its connection ends; its lease does not run meanwhile. */
  hold(job: ManagedJob, { connection, closed }: Pick<Caller, 'connection' | 'closed'>): void {
    if (job.holders.has(connection)) return;
    job.holders.add(connection);
    job.leaseEndsAt = undefined;
    const release = () => {
      job.holders.delete(connection);
      this.#startLease(job);
    };
    if (closed.aborted) release();
    else closed.addEventListener('abort', release, { once: true });
  }

  /** Many may ask; it is done once, and each waits until nothing of the job is left. */
  stop(job: ManagedJob, reason: EndReason): Promise<void> {
    if (!isLive(job.entry)) return job.gone ?? Promise.resolve();
    job.gone ??= this.#stopOnce(job, reason).catch((error: unknown) => {
      // Its scheduler did not answer: it can be asked again.
      job.gone = undefined;
      throw error;
    });
    return job.gone;
  }

  /** Looks after them no more; those that have not reported yet are ended. */
  async close(fate: 'end' | 'leave'): Promise<void> {
    const live = this.all.filter((job) => isLive(job.entry));
    // A process that has not reported yet cannot be left: nobody would hear its report.
    const ending =
      fate === 'end' ? live : live.filter((job) => job.model === undefined && job.batch === undefined);
    await Promise.all(ending.map((job) => this.stop(job, 'server')));
    this.#ticking.abort();
    try {
      await this.uploads.close();
      await this.#state.save();
    } finally {
      await this.#parts.host.close?.();
    }
  }

  async #stopOnce(job: ManagedJob, reason: EndReason): Promise<void> {
    this.table.stopping(job.id);
    if (job.model === undefined) {
      const text = `${job.id} was ended while it started`;
      job.starting.abort(new LatchkeyError('remote/state', text, { details: { reason } }));
      while (isLive(job.entry)) await this.clock.sleep(20);
      return;
    }
    await job.model.stop();
    this.#ended(job, { reason, ...(await job.model.ended), at: this.now() });
  }

  /** From now on its end is seen. */
  #adoptModel(job: ManagedJob, model: RunningModel): void {
    job.model = model;
    job.process = model.process;
    job.batch = model.batch;
    job.queue = undefined;
    job.protection = model.report.protection;
    void model.ended.then((end) => {
      if (!isLive(job.entry)) return;
      const isAsked = job.entry.state === 'stopping';
      // Whoever stops it says why, when all of it is gone.
      if (isAsked) return;
      this.#ended(job, { reason: 'exited', ...end, at: this.now() });
      // What it has started and left.
      job.gone = model.stop();
    });
  }

  #ended(job: ManagedJob, ending: JobEnding): void {
    if (!isLive(job.entry)) return;
    this.table.ended(job.id, ending);
    job.leaseEndsAt = undefined;
    void this.uploads.dropJob(job.id).catch((error: Error) => this.#trouble(error));
    if (job.entry.port !== 0) this.#ports?.give(job.entry.port);
    const how = ending.signal ?? (ending.code === null ? 'unseen' : `exit code ${ending.code}`);
    this.#tell('job-ended', job, [ending.reason, ending.why ?? how].join(', '));
    for (const id of this.table.forget()) this.#forget(id);
    this.#save();
  }

  #forget(id: string): void {
    const job = this.#jobs.get(id);
    this.#jobs.delete(id);
    if (job === undefined) return;
    // It may still be written to by what has not ended yet.
    void (job.gone ?? Promise.resolve())
      .then(() => job.model?.remove?.())
      .then(() => removeJobDirectory(job.directory))
      .catch((error: Error) => this.#trouble(error));
  }

  #startLease(job: ManagedJob): void {
    const { leaseSeconds } = this.#settings.limits;
    if (leaseSeconds > 0 && job.holders.size === 0 && isLive(job.entry))
      job.leaseEndsAt = this.now() + leaseSeconds * 1000;
  }

  async #tick(): Promise<void> {
    const { signal } = this.#ticking;
    while (!signal.aborted) {
      await this.clock.sleep(TICK_MS, signal).catch(() => {});
      if (signal.aborted) return;
      const now = this.now();
      for (const job of this.all) if (isLive(job.entry)) this.#look(job, now);
    }
  }

  #look(job: ManagedJob, now: number): void {
    const { maxSeconds, maxLogBytes } = this.#settings.limits;
    const stop = (reason: EndReason) => void this.stop(job, reason).catch((e: Error) => this.#trouble(e));
    if (job.leaseEndsAt !== undefined && job.leaseEndsAt <= now) stop('lease');
    else if (maxSeconds > 0 && now - beganAt(job) >= maxSeconds * 1000) stop('limit');
    void cutLog(job.logFile, maxLogBytes).catch((error: Error) => this.#trouble(error));
  }

  #startGround(): StartGround {
    return {
      ...{ settings: this.#settings, host: this.#parts.host, ports: this.#ports },
      prove: this.#parts.prove,
      now: () => this.now(),
      onChange: (job) => this.#changed(job),
    };
  }

  #changed(job: ManagedJob): void {
    const { queue } = job;
    if (queue !== undefined && isLive(job.entry)) this.table.queued(job.id, queue.isWaiting);
    this.#save();
  }

  #saved(): SavedState {
    const { name } = this.#settings;
    return { version: 1, name, nextNumber: this.table.nextNumber, jobs: savedJobs(this.all) };
  }

  #save(): void {
    void this.#state.save().catch((error: Error) => this.#trouble(error));
  }

  #tell(event: ModelServerEvent['event'], job: ManagedJob, text: string): void {
    // What clients call their users, and jobs report, may stand in it.
    this.#parts.onEvent?.({ event, job: job.id, text: printable(text) });
  }

  #trouble(error: Error): void {
    this.#parts.onEvent?.({ event: 'trouble', text: printable(error.message) });
  }
}

/** Time in a queue is no time of running. */
function beganAt({ batch, entry }: ManagedJob): number {
  return batch === undefined ? entry.createdAt : (entry.startedAt ?? Number.POSITIVE_INFINITY);
}
