import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isLatchkeyError, LatchkeyError, Secret } from '../../kit/index.ts';
import { type Caller, checkMayTouch } from './caller.ts';
import type { Uploads } from './files/uploads.ts';
import { JOBS_DIRECTORY } from './host/job-directory.ts';
import { describeEnding, isLive } from './job-entry.ts';
import type { TicketStatus } from './job-table.ts';
import { LiveJobs, STATE_FILE } from './live-jobs.ts';
import { ManagedJob } from './managed-job.ts';
import { firstNumber } from './saved-jobs.ts';
import type { ModelServerParts } from './server-parts.ts';
import type { ModelServerSettings } from './settings/model-server-settings.ts';
import { readState } from './state-file.ts';

/** Somebody who asks for a job. */
export interface AllocationRequest {
  /** What the client calls its user. */
  readonly user: string;
  /** Asked again with the same one, it is the same job. */
  readonly ticket?: string | undefined;
  /** Aborted when nobody waits for the job any more: one that still starts is ended then, for nobody will know its key. */
  readonly signal?: AbortSignal | undefined;
}

const LOOK_MS = 1000;
/** How long who ends a batch job waits for the scheduler. */
const PATIENCE_MS = 2500;

/**
 * The jobs of one model server as its clients may have them: asked for, leased, taken over and ended. It knows nothing of
 * the wire. One server a directory: whoever opens it has made sure of that.
 */
export class ModelServer {
  readonly settings: ModelServerSettings;
  readonly startedAt: number;
  readonly #parts: ModelServerParts;
  readonly #live: LiveJobs;
  #isDraining = false;
  #closed: Promise<void> | undefined;

  /**
   * Opens the server on its directory, which exists and is private, and adopts or reaps what it finds there.
   *
   * @throws LatchkeyError `file/unsafe` when the state cannot be read
   */
  static async open(settings: ModelServerSettings, parts: ModelServerParts): Promise<ModelServer> {
    const saved = await readState(join(settings.directory, STATE_FILE));
    const jobs = new LiveJobs(settings, parts, await firstNumber(settings.directory, saved));
    await jobs.begin(saved);
    return new ModelServer(settings, parts, jobs);
  }

  private constructor(settings: ModelServerSettings, parts: ModelServerParts, jobs: LiveJobs) {
    this.settings = settings;
    this.#parts = parts;
    this.#live = jobs;
    this.startedAt = jobs.now();
  }

  /** Files on their way into jobs' directories. */
  get uploads(): Uploads {
    return this.#live.uploads;
  }

  /** Called when a job has reported, before its client is told of it. */
  set onRunning(listener: ((job: ManagedJob) => Promise<void>) | undefined) {
    this.#live.onRunning = listener;
  }

  /** Live jobs and those that ended lately. */
  get jobs(): readonly ManagedJob[] {
    return this.#live.all;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Slots that nobody has. */
  get freeJobs(): number {
    return this.#isDraining ? 0 : this.#live.table.free(this.#live.now());
  }

  get waiting(): number {
    return this.#live.table.waiting(this.#live.now());
  }

  /** @throws LatchkeyError `remote/unknown-job` */
  job(id: string): ManagedJob {
    return this.#live.get(id);
  }

  /** A slot, kept for a while; with `mayWait` a place in the queue. Undefined when there is neither. */
  preAllocate(caller: Caller, user: string, mayWait: boolean): TicketStatus | undefined {
    this.#checkOpen();
    const ticket = randomBytes(16).toString('hex');
    const applicant = { user, owner: caller.identity };
    return this.#live.table.preAllocate(applicant, ticket, this.#live.now(), mayWait);
  }

  /** @throws LatchkeyError `remote/full` when the ticket is void */
  ticketStatus(ticket: string): TicketStatus {
    return this.#live.table.ticketStatus(ticket, this.#live.now());
  }

  /**
   * Starts a job for the caller, who holds it from now on. Any number of starts run at the same time.
   *
   * @throws LatchkeyError `remote/full`, `remote/draining`, `remote/start-failed`, `remote/timed-out`
   */
  async allocate(caller: Caller, { user, ticket, signal }: AllocationRequest): Promise<ManagedJob> {
    const job = this.allocated(ticket) ?? this.#reserve(caller, user, ticket);
    this.#live.hold(job, caller);
    const giveUp = () => {
      // Whoever has a ticket may come back after a lost connection, and ask again; who gives up does not.
      if (ticket === undefined || isLatchkeyError(signal?.reason, 'pyro/cancelled'))
        void this.#live.stop(job, 'terminated').catch(() => {});
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await (job.started ??
        (isLive(job.entry) && job.model === undefined ? this.#live.start(job) : undefined));
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
    return job;
  }

  /** The job that a ticket was used for, as long as it lives: an answer may have been lost on its way. */
  allocated(ticket: string | undefined): ManagedJob | undefined {
    if (ticket === undefined) return undefined;
    return this.jobs.find((job) => job.ticket === ticket && isLive(job.entry));
  }

  #reserve(caller: Caller, user: string, ticket: string | undefined): ManagedJob {
    this.#checkOpen();
    const entry = this.#live.table.reserve({ user, owner: caller.identity }, this.#live.now(), ticket);
    const number = entry.id.slice(0, entry.id.indexOf('@'));
    const { settings } = this;
    const key = settings.sharesKey && settings.key !== undefined ? settings.key : newKey();
    const job = new ManagedJob(entry, key, join(settings.directory, JOBS_DIRECTORY, number));
    job.ticket = ticket;
    return job;
  }

  /** The job is the caller's until its connection ends; its lease does not run meanwhile. */
  hold(job: ManagedJob, caller: Pick<Caller, 'connection' | 'closed'>): void {
    this.#live.hold(job, caller);
  }

  /**
   * Takes a job over, after a lost connection.
   *
   * @throws LatchkeyError `remote/unknown-job`, `remote/unauthorised`, `remote/state` when it has ended
   */
  attach(caller: Caller, id: string, key: Secret | undefined): ManagedJob {
    const job = this.#touch(caller, id, key);
    if (!isLive(job.entry))
      throw new LatchkeyError('remote/state', hasEnded(job), { details: { ending: job.entry.ending } });
    this.#live.hold(job, caller);
    return job;
  }

  /**
   * Ends a job, with all it started. One that has ended already stays as it is.
   *
   * @throws LatchkeyError `remote/unknown-job`, `remote/unauthorised`
   */
  async terminate(caller: Caller, id: string, key: Secret | undefined): Promise<void> {
    const job = this.#touch(caller, id, key);
    const stopping = this.#live.stop(job, 'terminated');
    // A scheduler takes its time, and nobody has to wait for it.
    await (job.batch === undefined
      ? stopping
      : Promise.race([stopping, this.#live.clock.sleep(PATIENCE_MS)]));
  }

  /** Finds out now how a job stands that runs elsewhere; at most once a second. */
  async look(job: ManagedJob): Promise<void> {
    const now = this.#live.now();
    if (!isLive(job.entry) || job.model?.look === undefined || now - job.lookedAt < LOOK_MS) return;
    job.lookedAt = now;
    await job.model.look();
  }

  /** How many jobs of this server wait at the scheduler before this one. */
  ahead(job: ManagedJob): number {
    return this.#live.table.ahead(job.id);
  }

  /** Ends every job that the caller may end; returns their ids. */
  async terminateAll(caller: Caller): Promise<readonly string[]> {
    const own = this.jobs.filter(
      (job) => isLive(job.entry) && (caller.isOperator || job.holders.has(caller.connection)),
    );
    await Promise.all(own.map((job) => this.#live.stop(job, 'terminated')));
    return own.map(({ id }) => id);
  }

  /** Takes no more jobs; resolves when the last one has ended. */
  async drain(signal?: AbortSignal): Promise<void> {
    if (!this.#isDraining) this.#parts.onEvent?.({ event: 'draining', text: 'no more jobs are taken' });
    this.#isDraining = true;
    const { table, clock } = this.#live;
    while (table.live.length > 0 && !signal?.aborted && !this.#live.isClosed)
      await clock.sleep(100, signal).catch(() => {});
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
    this.#isDraining = true;
    this.#closed ??= this.#live.close(jobs);
    return this.#closed;
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
}

function hasEnded({ id, entry }: ManagedJob): string {
  return entry.ending === undefined ? `${id} has ended` : `${id} has ended: ${describeEnding(entry.ending)}`;
}

function newKey(): Secret {
  return new Secret(randomBytes(32).toString('base64url'));
}
