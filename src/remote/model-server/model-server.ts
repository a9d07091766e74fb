import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, isLatchkeyError, LatchkeyError, Secret, systemClock } from '../../kit/index.ts';
import { type Caller, checkMayTouch } from './caller.ts';
import { Uploads } from './files/uploads.ts';
import { cutLog } from './host/cut-log.ts';
import { JOBS_DIRECTORY, removeJobDirectory } from './host/job-directory.ts';
import { lastWords, logTail } from './host/job-log.ts';
import type { ModelHost, RunningModel } from './host/model-host.ts';
import { PortPool } from './host/port-pool.ts';
import { type EndReason, isLive, type JobEnding } from './job-entry.ts';
import { JobTable, type TicketStatus } from './job-table.ts';
import { ManagedJob } from './managed-job.ts';
import { restoreJobs } from './restore-jobs.ts';
import type { ModelServerSettings } from './settings/model-server-settings.ts';
import { type StartGround, startJob } from './start-job.ts';
import { readState, type SavedState, StateFile } from './state-file.ts';

/** What a model server tells of itself as it happens; for logs. */
export interface ModelServerEvent {
  readonly event: 'job-starting' | 'job-running' | 'job-ended' | 'job-adopted' | 'draining' | 'trouble';
  readonly job?: string;
  /** Words for people; never secrets. */
  readonly text: string;
}

/** What a model server works with. */
export interface ModelServerParts {
  readonly host: ModelHost;
  readonly prove: StartGround['prove'];
  readonly clock?: Clock;
  onEvent?(event: ModelServerEvent): void;
}

/** Somebody who asks for a job. */
export interface AllocationRequest {
  /** What the client calls its user. */
  readonly user: string;
  readonly ticket?: string | undefined;
}

const TICK_MS = 1000;
const STATE_FILE = 'state.json';

/**
 * The jobs of one model server: started, watched, leased to their clients, ended, and found again after a restart. It knows nothing of
 * the wire. One server a directory: whoever opens it has made sure of that.
 */
export class ModelServer {
  readonly settings: ModelServerSettings;
  readonly startedAt: number;
  /** Files on their way into jobs' directories. */
  readonly uploads: Uploads;
  /** Called when a job has reported, before its client is told of it. */
  onRunning: ((job: ManagedJob) => Promise<void>) | undefined;
  readonly #parts: ModelServerParts;
  readonly #clock: Clock;
  readonly #table: JobTable;
  readonly #jobs = new Map<string, ManagedJob>();
  readonly #ports: PortPool | undefined;
  readonly #state: StateFile;
  readonly #ticking = new AbortController();
  #isDraining = false;
  #closed: Promise<void> | undefined;

  /**
   * Opens the server on its directory, which exists and is private, and adopts or reaps what it finds there.
   *
   * @throws LatchkeyError `file/unsafe` when the state cannot be read
   */
  static async open(settings: ModelServerSettings, parts: ModelServerParts): Promise<ModelServer> {
    const saved = await readState(join(settings.directory, STATE_FILE));
    const server = new ModelServer(settings, parts, await firstNumber(settings.directory, saved));
    await server.#restore(saved);
    void server.#tick();
    return server;
  }

  private constructor(settings: ModelServerSettings, parts: ModelServerParts, nextNumber: number) {
    const { jobPlaces, limits } = settings;
    this.settings = settings;
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.startedAt = this.#now();
    this.uploads = new Uploads(limits.maxFileBytes);
    this.#table = new JobTable(settings.name, limits, nextNumber);
    this.#ports =
      jobPlaces === 'unix' || jobPlaces.ports === undefined
        ? undefined
        : new PortPool(jobPlaces.ports, jobPlaces.host);
    this.#state = new StateFile(join(settings.directory, STATE_FILE), () => this.#saved());
  }

  /** Live jobs and those that ended lately. */
  get jobs(): readonly ManagedJob[] {
    return [...this.#jobs.values()];
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Slots that nobody has. */
  get freeJobs(): number {
    return this.#isDraining ? 0 : this.#table.free(this.#now());
  }

  get waiting(): number {
    return this.#table.waiting(this.#now());
  }

  /** @throws LatchkeyError `remote/unknown-job` */
  job(id: string): ManagedJob {
    const job = this.#jobs.get(id);
    // The table says it better.
    return job ?? (this.#table.get(id) as never);
  }

  /** A slot, kept for a while; with `mayWait` a place in the queue. Undefined when there is neither. */
  preAllocate(caller: Caller, user: string, mayWait: boolean): TicketStatus | undefined {
    this.#checkOpen();
    const ticket = randomBytes(16).toString('hex');
    return this.#table.preAllocate({ user, owner: caller.identity }, ticket, this.#now(), mayWait);
  }

  /** @throws LatchkeyError `remote/full` when the ticket is void */
  ticketStatus(ticket: string): TicketStatus {
    return this.#table.ticketStatus(ticket, this.#now());
  }

  /**
   * Starts a job for the caller, who holds it from now on. Any number of starts run at the same time.
   *
   * @throws LatchkeyError `remote/full`, `remote/draining`, `remote/start-failed`, `remote/timed-out`
   */
  async allocate(caller: Caller, { user, ticket }: AllocationRequest): Promise<ManagedJob> {
    this.#checkOpen();
    const entry = this.#table.reserve({ user, owner: caller.identity }, this.#now(), ticket);
    const number = entry.id.slice(0, entry.id.indexOf('@'));
    const directory = join(this.settings.directory, JOBS_DIRECTORY, number);
    const { settings } = this;
    const key = settings.sharesKey && settings.key !== undefined ? settings.key : newKey();
    const job = new ManagedJob(entry, key, directory);
    this.#jobs.set(job.id, job);
    this.hold(job, caller);
    this.#tell('job-starting', job, `for ${user}`);
    try {
      // The number is on disk before anything of the job is.
      await this.#state.save();
      const model = await startJob(job, this.#startGround());
      this.#table.started(job.id, model.report.uri, model.report.port, this.#now());
      this.#adoptModel(job, model);
      await Promise.all([this.#state.save(), this.onRunning?.(job)]);
      if (!isLive(job.entry)) throw await endedAtOnce(job);
    } catch (error) {
      const reason = endReasonOf(error) ?? 'start-failed';
      await (job.model?.stop() ?? Promise.resolve());
      this.#ended(job, { reason, ...exitOf(error), at: this.#now() });
      throw error;
    }
    if (job.starting.signal.aborted) throw job.starting.signal.reason;
    this.#tell('job-running', job, job.entry.uri ?? '');
    return job;
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

  /**
   * Takes a job over, after a lost connection.
   *
   * @throws LatchkeyError `remote/unknown-job`, `remote/unauthorised`, `remote/state` when it has ended
   */
  attach(caller: Caller, id: string, key: Secret | undefined): ManagedJob {
    const job = this.#touch(caller, id, key);
    if (!isLive(job.entry))
      throw new LatchkeyError('remote/state', `${id} has ended`, { details: { ending: job.entry.ending } });
    this.hold(job, caller);
    return job;
  }

  /**
   * Ends a job, with all it started. One that has ended already stays as it is.
   *
   * @throws LatchkeyError `remote/unknown-job`, `remote/unauthorised`
   */
  async terminate(caller: Caller, id: string, key: Secret | undefined): Promise<void> {
    await this.#stop(this.#touch(caller, id, key), 'terminated');
  }

  /** Ends every job that the caller may end; returns their ids. */
  async terminateAll(caller: Caller): Promise<readonly string[]> {
    const own = this.jobs.filter(
      (job) => isLive(job.entry) && (caller.isOperator || job.holders.has(caller.connection)),
    );
    await Promise.all(own.map((job) => this.#stop(job, 'terminated')));
    return own.map(({ id }) => id);
  }

  /** Takes no more jobs; resolves when the last one has ended. */
  async drain(signal?: AbortSignal): Promise<void> {
    if (!this.#isDraining) this.#parts.onEvent?.({ event: 'draining', text: 'no more jobs are taken' });
    this.#isDraining = true;
    while (this.#table.live.length > 0 && !signal?.aborted && !this.#ticking.signal.aborted)
      await this.#clock.sleep(100, signal).catch(() => {});
  }

  /** Takes jobs again. */
  resume(): void {
    this.#isDraining = false;
  }

  /**
   * Ends the server.
   *
   * @param jobs what becomes of those that run: `end` them, or `leave` them to the next server on this directory
   */
  close(jobs: 'end' | 'leave' = 'end'): Promise<void> {
    this.#closed ??= this.#close(jobs);
    return this.#closed;
  }

  async #close(fate: 'end' | 'leave'): Promise<void> {
    this.#isDraining = true;
    const live = this.jobs.filter((job) => isLive(job.entry));
    // One that has not reported yet cannot be left: nobody would hear its report.
    const ending = fate === 'end' ? live : live.filter((job) => job.model === undefined);
    await Promise.all(ending.map((job) => this.#stop(job, 'server')));
    this.#ticking.abort();
    await this.uploads.close();
    await this.#state.save();
  }

  #touch(caller: Caller, id: string, key: Secret | undefined): ManagedJob {
    const job = this.job(id);
    checkMayTouch(job, caller, key);
    return job;
  }

  #checkOpen(): void {
    if (!this.#isDraining) return;
    throw new LatchkeyError('remote/draining', `${this.settings.name} takes no more jobs`, {
      hint: 'it is about to stop: try another server, or this one later',
      retryable: true,
    });
  }

  /** Many may ask; it is done once, and each waits until nothing of the job is left. */
  #stop(job: ManagedJob, reason: EndReason): Promise<void> {
    if (!isLive(job.entry)) return job.gone ?? Promise.resolve();
    job.gone ??= this.#stopOnce(job, reason);
    return job.gone;
  }

  async #stopOnce(job: ManagedJob, reason: EndReason): Promise<void> {
    this.#table.stopping(job.id);
    if (job.model === undefined) {
      const text = `${job.id} was ended while it started`;
      job.starting.abort(new LatchkeyError('remote/state', text, { details: { reason } }));
      while (isLive(job.entry)) await this.#clock.sleep(20);
      return;
    }
    await job.model.stop();
    this.#ended(job, { reason, ...(await job.model.ended), at: this.#now() });
  }

  /** From now on its end is seen. */
  #adoptModel(job: ManagedJob, model: RunningModel): void {
    job.model = model;
    job.process = model.process;
    job.protection = model.report.protection;
    void model.ended.then((end) => {
      if (!isLive(job.entry)) return;
      const isAsked = job.entry.state === 'stopping';
      // Whoever stops it says why, when all of it is gone.
      if (isAsked) return;
      this.#ended(job, { reason: 'exited', ...end, at: this.#now() });
      // What it has started and left.
      job.gone = model.stop();
    });
  }

  #ended(job: ManagedJob, ending: JobEnding): void {
    if (!isLive(job.entry)) return;
    this.#table.ended(job.id, ending);
    job.leaseEndsAt = undefined;
    void this.uploads.dropJob(job.id).catch((error: Error) => this.#trouble(error));
    if (job.entry.port !== 0) this.#ports?.give(job.entry.port);
    const how = ending.signal ?? (ending.code === null ? 'unseen' : `exit code ${ending.code}`);
    this.#tell('job-ended', job, `${ending.reason}, ${how}`);
    for (const id of this.#table.forget()) this.#forget(id);
    this.#save();
  }

  #forget(id: string): void {
    const job = this.#jobs.get(id);
    this.#jobs.delete(id);
    if (job === undefined) return;
    // It may still be written to by what has not ended yet.
    void (job.gone ?? Promise.resolve())
      .then(() => removeJobDirectory(job.directory))
      .catch((error: Error) => this.#trouble(error));
  }

  #startLease(job: ManagedJob): void {
    const { leaseSeconds } = this.settings.limits;
    if (leaseSeconds > 0 && job.holders.size === 0 && isLive(job.entry))
      job.leaseEndsAt = this.#now() + leaseSeconds * 1000;
  }

  async #tick(): Promise<void> {
    const { signal } = this.#ticking;
    while (!signal.aborted) {
      await this.#clock.sleep(TICK_MS, signal).catch(() => {});
      if (signal.aborted) return;
      const now = this.#now();
      for (const job of this.jobs) if (isLive(job.entry)) this.#look(job, now);
    }
  }

  #look(job: ManagedJob, now: number): void {
    const { maxSeconds, maxLogBytes } = this.settings.limits;
    const stop = (reason: EndReason) => void this.#stop(job, reason).catch((e: Error) => this.#trouble(e));
    if (job.leaseEndsAt !== undefined && job.leaseEndsAt <= now) stop('lease');
    else if (maxSeconds > 0 && now - job.entry.createdAt >= maxSeconds * 1000) stop('limit');
    void cutLog(job.logFile, maxLogBytes).catch((error: Error) => this.#trouble(error));
  }

  #startGround(): StartGround {
    return {
      ...{ settings: this.settings, host: this.#parts.host, ports: this.#ports },
      prove: this.#parts.prove,
      now: () => this.#now(),
      onProcess: () => this.#save(),
    };
  }

  async #restore(saved: SavedState | undefined): Promise<void> {
    const restored = await restoreJobs(saved, this.settings, this.#parts, this.#now());
    for (const { job, model } of restored) {
      this.#jobs.set(job.id, job);
      this.#table.restore(job.entry);
      if (model === undefined) {
        this.#tell('job-ended', job, 'was gone or not wanted when the server came back');
        continue;
      }
      if (job.entry.port !== 0) this.#ports?.claim(job.entry.port);
      this.#adoptModel(job, model);
      this.#startLease(job);
      this.#tell('job-adopted', job, job.entry.uri ?? '');
    }
    for (const id of this.#table.forget()) this.#forget(id);
    await this.#state.save();
  }

  #saved(): SavedState {
    return {
      version: 1,
      name: this.settings.name,
      nextNumber: this.#table.nextNumber,
      jobs: this.jobs
        .filter((job) => isLive(job.entry))
        .map(({ entry, key, directory, process, protection }) => ({
          ...{ id: entry.id, user: entry.user, owner: entry.owner, createdAt: entry.createdAt },
          directory: directory.slice(directory.lastIndexOf('/') + 1),
          key: key.revealText(),
          startedAt: entry.startedAt ?? null,
          process: process ?? null,
          report: entry.uri === undefined ? null : { uri: entry.uri, port: entry.port, protection },
        })),
    };
  }

  #save(): void {
    void this.#state.save().catch((error: Error) => this.#trouble(error));
  }

  #tell(event: ModelServerEvent['event'], job: ManagedJob, text: string): void {
    this.#parts.onEvent?.({ event, job: job.id, text });
  }

  #trouble(error: Error): void {
    this.#parts.onEvent?.({ event: 'trouble', text: error.message });
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}

function newKey(): Secret {
  return new Secret(randomBytes(32).toString('base64url'));
}

/** Beyond every number that the state or a directory shows: also when the state was lost. */
async function firstNumber(directory: string, saved: SavedState | undefined): Promise<number> {
  const names = await readdir(join(directory, JOBS_DIRECTORY)).catch(() => []);
  const numbers = names.filter((name) => /^\d{1,15}$/.test(name)).map(Number);
  return Math.max(saved?.nextNumber ?? 1, ...numbers.map((number) => number + 1));
}

async function endedAtOnce(job: ManagedJob): Promise<LatchkeyError> {
  const log = await logTail(job.logFile);
  const message = `${job.id} ended as soon as it had reported; ${lastWords(log)}`;
  return new LatchkeyError('remote/start-failed', message, {
    hint: `"latchkey models logs ${job.id}" shows all that it said`,
    details: { job: job.id, log },
  });
}

function endReasonOf(error: unknown): EndReason | undefined {
  return isLatchkeyError(error, 'remote/state') ? (error.details.reason as EndReason | undefined) : undefined;
}

function exitOf(error: unknown): { readonly code: number | null; readonly signal: string | null } {
  const details = isLatchkeyError(error) ? error.details : {};
  return {
    code: typeof details.exitCode === 'number' ? details.exitCode : null,
    signal: typeof details.signal === 'string' ? details.signal : null,
  };
}
