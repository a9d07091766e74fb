import { counted, LatchkeyError, quote } from '../../kit/index.ts';
import { isLive, type JobEnding, type JobEntry } from './job-entry.ts';
import { type Ticket, Tickets } from './tickets.ts';

/** How many there may be of what. */
export interface TableLimits {
  readonly maxJobs: number;
  /** Jobs and kept slots of one owner; never more than `maxJobs` come of it. */
  readonly maxJobsPerOwner: number;
  /** Places in the queue; 0 = who finds no slot is sent away. */
  readonly maxQueued: number;
  /** Seconds a slot is kept for a ticket, and a place in the queue for one who does not ask. */
  readonly ticketSeconds: number;
  /** Ended jobs that are remembered. */
  readonly maxEnded: number;
}

/** Who asks for a job. */
export interface Applicant {
  readonly user: string;
  readonly owner: string;
}

/** How a ticket stands: `position` 0 = a slot is kept. */
export interface TicketStatus {
  readonly ticket: string;
  readonly position: number;
  readonly secondsLeft: number;
}

/**
 * Slots, tickets and jobs of one model server: every decision about who gets a job, and none of the work. Each method does
 * what it does at once, so nothing is ever held locked while a job starts.
 */
export class JobTable {
  readonly name: string;
  readonly #limits: TableLimits;
  readonly #jobs = new Map<string, JobEntry>();
  readonly #tickets = new Tickets();
  #nextNumber: number;

  constructor(name: string, limits: TableLimits, nextNumber = 1) {
    this.name = name;
    this.#limits = limits;
    this.#nextNumber = nextNumber;
  }

  /** The number of the next job: durable before that job starts, so that no id comes twice. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** Live jobs and remembered ended ones, in the order of their numbers. */
  get jobs(): readonly JobEntry[] {
    return [...this.#jobs.values()];
  }

  get live(): readonly JobEntry[] {
    return this.jobs.filter(isLive);
  }

  /** @throws LatchkeyError `remote/unknown-job` */
  get(id: string): JobEntry {
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    throw new LatchkeyError('remote/unknown-job', `${this.name} has no job ${quote(id)}`, {
      hint: `ids are like 1@${this.name}; jobs that ended long ago are forgotten`,
    });
  }

  /** Slots that nobody has and that are kept for nobody. */
  free(now: number): number {
    return Math.max(0, this.#limits.maxJobs - this.#used(now));
  }

  /** How many wait for a slot. */
  waiting(now: number): number {
    return this.#tickets.at(now).filter(({ isReady }) => !isReady).length;
  }

  /**
   * Keeps a slot for `ticketSeconds`; with `mayWait` a place in the queue if there is none.
   *
   * @param ticket an unguessable text
   * @returns undefined when there is neither
   */
  preAllocate(applicant: Applicant, ticket: string, now: number, mayWait = false): TicketStatus | undefined {
    const isReady = this.#refusal(applicant, now) === undefined;
    if (!isReady && !(mayWait && this.waiting(now) < this.#limits.maxQueued)) return undefined;
    const expiresAt = now + this.#limits.ticketSeconds * 1000;
    this.#tickets.add({ ...applicant, ticket, isReady, expiresAt });
    return this.ticketStatus(ticket, now);
  }

  /** How a ticket stands; who waits keeps the place by asking. @throws LatchkeyError `remote/full` when it is void */
  ticketStatus(ticket: string, now: number): TicketStatus {
    this.#promote(now);
    const found = this.#ticket(ticket, now);
    if (!found.isReady) found.expiresAt = now + this.#limits.ticketSeconds * 1000;
    const before = this.#tickets.at(now).filter(({ isReady }) => !isReady);
    return {
      ticket,
      position: found.isReady ? 0 : before.indexOf(found) + 1,
      secondsLeft: (found.expiresAt - now) / 1000,
    };
  }

  /**
   * Takes a slot for a job that is about to start. Whoever has a ticket gets the slot that is kept for it.
   *
   * @throws LatchkeyError `remote/full`
   */
  reserve(applicant: Applicant, now: number, ticket?: string): JobEntry {
    this.#promote(now);
    if (ticket !== undefined) {
      const { isReady } = this.#ticket(ticket, now);
      if (!isReady) throw this.#full(`there is no slot yet for this ticket`);
      this.#tickets.delete(ticket);
    } else {
      const refusal = this.#refusal(applicant, now);
      if (refusal !== undefined) throw refusal;
    }
    const id = `${this.#nextNumber++}@${this.name}`;
    const job: JobEntry = { id, ...applicant, state: 'starting', createdAt: now, port: 0 };
    this.#jobs.set(id, job);
    return job;
  }

  /** Puts a job back that was running when the server stopped. */
  restore(job: JobEntry): void {
    this.#jobs.set(job.id, job);
  }

  started(id: string, uri: string, port: number, now: number): void {
    const job = this.get(id);
    // A stop may have come in between; then it stays stopping.
    if (job.state === 'starting' || job.state === 'queued') job.state = 'running';
    Object.assign(job, { uri, port, startedAt: now });
  }

  /** It waits at a scheduler, or no longer. */
  queued(id: string, isWaiting: boolean): void {
    const job = this.get(id);
    if (job.state === 'starting' || job.state === 'queued') job.state = isWaiting ? 'queued' : 'starting';
  }

  /** How many of this server wait at the scheduler before this one; 0 = it is next, of ours. */
  ahead(id: string): number {
    const queued = this.jobs.filter(({ state }) => state === 'queued');
    return Math.max(
      0,
      queued.findIndex((job) => job.id === id),
    );
  }

  /** @returns false when it is stopping or has ended already */
  stopping(id: string): boolean {
    const job = this.get(id);
    if (job.state === 'stopping' || job.state === 'ended') return false;
    job.state = 'stopping';
    return true;
  }

  /** The slot is free from now on. Only the first ending counts. */
  ended(id: string, ending: JobEnding): void {
    const job = this.get(id);
    if (job.state === 'ended') return;
    Object.assign(job, { state: 'ended', ending });
    this.#promote(ending.at);
  }

  /** Forgets ended jobs beyond `maxEnded`, the oldest first; returns their ids. */
  forget(): readonly string[] {
    const ended = this.jobs.filter((job) => !isLive(job));
    const gone = ended.slice(0, Math.max(0, ended.length - this.#limits.maxEnded));
    for (const { id } of gone) this.#jobs.delete(id);
    return gone.map(({ id }) => id);
  }

  #used(now: number): number {
    return this.live.length + this.#tickets.at(now).filter(({ isReady }) => isReady).length;
  }

  #refusal({ owner }: Applicant, now: number): LatchkeyError | undefined {
    const { maxJobs, maxJobsPerOwner } = this.#limits;
    if (this.#used(now) >= maxJobs)
      return this.#full(
        maxJobs === 1
          ? `the one job of ${this.name} is taken`
          : `all ${maxJobs} jobs of ${this.name} are taken`,
      );
    const own =
      this.live.filter((job) => job.owner === owner).length +
      this.#tickets.at(now).filter((ticket) => ticket.isReady && ticket.owner === owner).length;
    if (own < maxJobsPerOwner) return undefined;
    return this.#full(`${quote(owner)} has ${counted(own, 'job')} already, as many as one may have`);
  }

  /** Slots that came free go to those who wait, first come first served; who has all he may have is passed over. */
  #promote(now: number): void {
    for (const ticket of this.#tickets.at(now)) {
      if (ticket.isReady || this.#refusal(ticket, now) !== undefined) continue;
      ticket.isReady = true;
      ticket.expiresAt = now + this.#limits.ticketSeconds * 1000;
    }
  }

  #ticket(key: string, now: number): Ticket {
    const ticket = this.#tickets.get(key, now);
    if (ticket !== undefined) return ticket;
    throw new LatchkeyError('remote/full', 'this ticket is void: it was used, has expired, or never was', {
      hint: `a ticket lasts ${this.#limits.ticketSeconds} s; ask for another`,
      retryable: true,
    });
  }

  #full(message: string): LatchkeyError {
    const { maxQueued } = this.#limits;
    return new LatchkeyError('remote/full', message, {
      hint: maxQueued > 0 ? 'try again later, or take a place in the queue' : 'try again later',
      retryable: true,
    });
  }
}
