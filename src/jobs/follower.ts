import type { KeeperEvent } from '../keeper/index.ts';
import { type Clock, isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import type { BatchStatus } from './batch-system.ts';
import type { JobChange, JobEntry } from './job-entry.ts';
import type { JobFacts } from './job-facts.ts';
import { isFinal, mayBecome } from './job-state.ts';
import { byJob, judge, needsAccount, needsRecord, type Told } from './judge.ts';
import { readRecords, type TaskRecords } from './sandbox.ts';
import { runCommand, type Workplace } from './workplace.ts';

/** How often jobs are asked after. */
export interface PollPolicy {
  /** Milliseconds between questions while things change. */
  readonly leastMs: number;
  /** … when nothing has changed for long. */
  readonly mostMs: number;
}

/** What a follower is made with. */
export interface FollowerOptions {
  readonly place: () => Promise<Workplace>;
  readonly clock: Clock;
  readonly poll: PollPolicy;
  /** A job that nobody knows any more is `vanished` after this. */
  readonly vanishedAfterMs: number;
  /** Sees to files and credentials of a job that has ended, before its end is told. */
  readonly finish: (entry: JobEntry, facts: JobFacts) => Promise<void>;
}

const GROWTH = 1.5;
const LONGEST_FAILURE_MS = 60_000;
const IDS_AT_ONCE = 1000;

/**
 * Asks after all jobs of one machine and scheduler: one query for all of them, more often while things change. A query that
 * fails changes no state; it is told as trouble, and asked again with growing pauses.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #entries = new Map<string, JobEntry>();
  readonly #stop = new AbortController();
  #wake: AbortController | undefined;
  #isRunning = false;
  #isClosed = false;
  #pauseMs: number;
  #round: Promise<void> | undefined;
  #nextRound: Promise<void> | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#pauseMs = options.poll.leastMs;
  }

  /** Follows a job until it has ended. */
  add(entry: JobEntry): void {
    if (this.#isClosed || isFinal(entry.facts.state)) return;
    this.#entries.set(entry.id, entry);
    this.soon();
  }

  /** Follows it no more. */
  drop(entry: JobEntry): void {
    this.#entries.delete(entry.id);
  }

  /** Something is about to change: asks at the shortest pause again. */
  soon(): void {
    this.#pauseMs = this.#options.poll.leastMs;
    this.#wake?.abort();
    if (!this.#isRunning && !this.#isClosed) void this.#loop();
  }

  /**
   * Asks now, once for all who want it now; a question that is under way may be older than what they want to know. What
   * fails is told to the jobs.
   */
  async ask(): Promise<void> {
    if (this.#round === undefined) {
      this.#round = this.#ask().finally(() => {
        this.#round = undefined;
      });
      return this.#round;
    }
    this.#nextRound ??= this.#round.then(() => {
      this.#nextRound = undefined;
      return this.ask();
    });
    return this.#nextRound;
  }

  close(): void {
    this.#isClosed = true;
    this.#stop.abort();
  }

  async #loop(): Promise<void> {
    this.#isRunning = true;
    try {
      while (!this.#isClosed && this.#entries.size > 0) {
        await this.#pause();
        if (!this.#isClosed) await this.ask();
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #pause(): Promise<void> {
    const { clock, poll } = this.#options;
    this.#wake = new AbortController();
    try {
      await clock.sleep(this.#pauseMs, AbortSignal.any([this.#wake.signal, this.#stop.signal]));
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (!this.#wake.signal.aborted) throw error;
      // Woken: something changes. Not at once, for it needs its time, and others may come.
      await clock.sleep(poll.leastMs, this.#stop.signal).catch((reason: unknown) => {
        if (!this.#stop.signal.aborted) throw reason;
      });
    } finally {
      this.#wake = undefined;
    }
  }

  async #ask(): Promise<void> {
    const entries = [...this.#entries.values()].filter((entry) => entry.finishing === undefined);
    if (entries.length === 0) return;
    let hasChanged = false;
    try {
      const place = await this.#options.place();
      for (let at = 0; at < entries.length; at += IDS_AT_ONCE) {
        if (await this.#askAfter(place, entries.slice(at, at + IDS_AT_ONCE))) hasChanged = true;
      }
    } catch (cause) {
      this.#failed(entries, asError(cause));
      return;
    }
    const { leastMs, mostMs } = this.#options.poll;
    this.#pauseMs = hasChanged ? leastMs : Math.min(this.#pauseMs * GROWTH, mostMs);
  }

  async #askAfter(place: Workplace, entries: readonly JobEntry[]): Promise<boolean> {
    const { system } = place;
    const ids = entries.map((entry) => entry.native);
    const told = byJob(system.parseQuery(await runCommand(place, system.query(ids))));
    const recorded = entries.flatMap((entry) =>
      entry.tag !== undefined && needsRecord(entry, told.get(entry.native)) ? [entry.tag] : [],
    );
    const records =
      recorded.length === 0 ? new Map<string, TaskRecords>() : await readRecords(place, recorded);
    const recordsOf = (entry: JobEntry) => (entry.tag === undefined ? undefined : records.get(entry.tag));
    const unknown = entries.filter((entry) => needsAccount(entry, told.get(entry.native), recordsOf(entry)));
    const accounts = byJob(await accountsOf(place, unknown));
    const now = this.#options.clock.now();
    let hasChanged = false;
    for (const entry of entries) {
      const answer: [Told | undefined, TaskRecords | undefined, Told | undefined] = [
        told.get(entry.native),
        recordsOf(entry),
        accounts.get(entry.native),
      ];
      const facts = judge(entry, ...answer, now.getTime(), this.#options.vanishedAfterMs);
      this.#recovered(entry, now);
      if (isFinal(facts.state) && !isFinal(entry.facts.state)) this.#end(entry, facts);
      else if (this.#become(entry, facts)) hasChanged = true;
      if (isFinal(facts.state)) hasChanged = true;
    }
    return hasChanged;
  }

  #end(entry: JobEntry, facts: JobFacts): void {
    entry.finishing = this.#options.finish(entry, facts).then(() => {
      entry.finishing = undefined;
      this.#entries.delete(entry.id);
      this.#become(entry, facts);
    });
  }

  #become(entry: JobEntry, facts: JobFacts): boolean {
    const { facts: before } = entry;
    if (before.state !== facts.state && !mayBecome(before.state, facts.state)) return false;
    entry.facts = facts;
    const isSame =
      before.state === facts.state && before.reason === facts.reason && before.native === facts.native;
    if (!isSame) this.#tell(entry, { kind: 'state', previous: before.state, facts });
    return !isSame;
  }

  #failed(entries: readonly JobEntry[], error: LatchkeyError): void {
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, this.#options.poll.leastMs), LONGEST_FAILURE_MS);
    for (const entry of entries) this.trouble(entry, error);
  }

  /** Tells a job that something about it failed; its state is what it was. */
  trouble(entry: JobEntry, error: LatchkeyError): void {
    const isNew = entry.trouble?.message !== error.message;
    entry.trouble = error;
    if (isNew) this.#tell(entry, { kind: 'trouble', error });
  }

  /** Tells a job what happened to the renewal of its credentials. */
  credential(entry: JobEntry, event: KeeperEvent): void {
    if (event.type !== 'failed' && event.type !== 'expiring') return;
    const { lease, failure, expiresAt } = event;
    const name = lease.id.slice(lease.id.indexOf('/') + 1);
    const until = expiresAt === undefined ? '' : `; what is there ends at ${expiresAt.toISOString()}`;
    const why = failure?.message ?? 'it was not renewed in time';
    const message = `the credential "${name}" is not renewed: ${why}${until}`;
    const hint = failure?.hint === undefined ? {} : { hint: failure.hint };
    const error = new LatchkeyError('jobs/staging', message, { ...hint, retryable: event.type === 'failed' });
    this.#tell(entry, { kind: 'credential', error });
  }

  #recovered(entry: JobEntry, at: Date): void {
    if (entry.trouble === undefined) return;
    entry.trouble = undefined;
    this.#tell(entry, { kind: 'recovered', at });
  }

  #tell(entry: JobEntry, change: Pick<JobChange, 'kind'> & Partial<JobChange>): void {
    const { id, facts } = entry;
    const whole: JobChange = { id, facts, previous: facts.state, at: this.#options.clock.now(), ...change };
    for (const listener of entry.listeners) {
      try {
        listener(whole);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

async function accountsOf(place: Workplace, entries: readonly JobEntry[]): Promise<readonly BatchStatus[]> {
  const { accounting } = place.system;
  if (accounting === undefined || entries.length === 0) return [];
  return accounting.parse(await runCommand(place, accounting.query(entries.map((entry) => entry.native))));
}

/** Whatever it was, a user can be told of it. */
function asError(cause: unknown): LatchkeyError {
  if (isLatchkeyError(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError('jobs/scheduler', `the jobs cannot be asked after: ${message}`, { cause });
}
