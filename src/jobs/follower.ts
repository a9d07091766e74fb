import { type Clock, LatchkeyError } from '../kit/index.ts';
import type { BatchStatus } from './batch-system.ts';
import { stayOf } from './credential-stay.ts';
import type { JobEntry } from './job-entry.ts';
import type { JobFacts } from './job-facts.ts';
import { tell, tellRecovered, tellTrouble } from './job-news.ts';
import { isFinal, mayBecome } from './job-state.ts';
import { byJob, judge, needsAccount, needsRecord, type Told } from './judge.ts';
import { readRecords, type TaskRecords } from './sandbox.ts';
import { asSchedulerError } from './scheduler-failure.ts';
import type { DeskMember, RoundAnswer, StatusDesk } from './status-desk.ts';
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
  /** Where its scheduler is asked how jobs stand. */
  readonly desk: (place: Workplace) => StatusDesk;
  readonly clock: Clock;
  readonly poll: PollPolicy;
  /** A job that nobody knows any more is `vanished` after this. */
  readonly vanishedAfterMs: number;
  /** Sees to files and credentials of a job that has ended, before its end is told; never rejects. */
  readonly finish: (entry: JobEntry, facts: JobFacts) => Promise<void>;
  /** Takes credentials away from a job that has vanished. */
  readonly withdraw: (entry: JobEntry) => Promise<void>;
  /** Gives them to one again that runs once more; says what cannot be had again. */
  readonly giveAgain: (entry: JobEntry) => Promise<LatchkeyError | undefined>;
  /** It was told that it has ended, and is followed no more. */
  readonly ended: (entry: JobEntry) => void;
}

const GROWTH = 1.5;
const LONGEST_FAILURE_MS = 60_000;
const IDS_AT_ONCE = 1000;

/**
 * Asks after all jobs of one service, with all others of that scheduler: one query for all of them, more often while things
 * change. A query that fails changes no state; it is told as trouble, and asked again with growing pauses.
 */
export class Follower implements DeskMember {
  readonly #options: FollowerOptions;
  readonly #entries = new Map<string, JobEntry>();
  readonly #stop = new AbortController();
  #wake: AbortController | undefined;
  #isRunning = false;
  #isClosed = false;
  #pauseMs: number;
  /** When a round was last heard of, by the clock. */
  #heardAt = 0;
  #hearing: Promise<void> = Promise.resolve();
  #desk: StatusDesk | undefined;

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
    if (this.natives().length === 0) return;
    let desk: StatusDesk;
    try {
      desk = this.#options.desk(await this.#options.place());
    } catch (cause) {
      return this.hear({ error: asSchedulerError(cause) });
    }
    // Closed while it connected.
    if (this.#isClosed) return;
    if (this.#desk !== desk) this.#desk?.leave(this);
    this.#desk = desk;
    desk.join(this);
    await desk.ask(this);
  }

  natives(): readonly string[] {
    return this.#open().map((entry) => entry.native);
  }

  place(): Promise<Workplace> {
    return this.#options.place();
  }

  hear(answer: RoundAnswer): Promise<void> {
    this.#hearing = this.#hearing.then(() => this.#hear(answer));
    return this.#hearing;
  }

  close(): void {
    this.#isClosed = true;
    this.#stop.abort();
    this.#desk?.leave(this);
  }

  #open(): readonly JobEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.finishing === undefined);
  }

  async #loop(): Promise<void> {
    this.#isRunning = true;
    try {
      while (!this.#isClosed && this.#entries.size > 0) {
        const began = this.#options.clock.now().getTime();
        await this.#pause(this.#pauseMs);
        // Others have asked meanwhile, and this one has heard it.
        while (!this.#isClosed && this.#heardAt > began && this.#restMs() > 0)
          await this.#pause(this.#restMs());
        if (!this.#isClosed) await this.ask();
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #restMs(): number {
    return this.#heardAt + this.#pauseMs - this.#options.clock.now().getTime();
  }

  async #pause(lengthMs: number): Promise<void> {
    const { clock, poll } = this.#options;
    this.#wake = new AbortController();
    try {
      await clock.sleep(lengthMs, AbortSignal.any([this.#wake.signal, this.#stop.signal]));
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

  async #hear(answer: RoundAnswer): Promise<void> {
    if (this.#isClosed) return;
    const { clock, poll } = this.#options;
    this.#heardAt = clock.now().getTime();
    const isAsked = (entry: JobEntry) => 'error' in answer || answer.asked.has(entry.native);
    const entries = this.#open().filter(isAsked);
    if (entries.length === 0) return;
    let hasChanged = false;
    try {
      if ('error' in answer) throw answer.error;
      const place = await this.#options.place();
      for (let at = 0; at < entries.length; at += IDS_AT_ONCE) {
        if (await this.#askAfter(place, entries.slice(at, at + IDS_AT_ONCE), answer.told)) hasChanged = true;
      }
    } catch (cause) {
      this.#failed(entries, asSchedulerError(cause));
      return;
    }
    this.#pauseMs = hasChanged ? poll.leastMs : Math.min(this.#pauseMs * GROWTH, poll.mostMs);
  }

  async #askAfter(
    place: Workplace,
    entries: readonly JobEntry[],
    told: ReadonlyMap<string, Told>,
  ): Promise<boolean> {
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
      const before = new Map(entry.tasks);
      const facts = judge(entry, ...answer, now.getTime(), this.#options.vanishedAfterMs);
      tellRecovered(entry, this.#options.clock);
      if (isFinal(facts.state) && !isFinal(entry.facts.state)) this.#end(entry, facts);
      else if (this.#become(entry, facts)) hasChanged = true;
      if (isFinal(facts.state)) hasChanged = true;
      else this.#moveCredentials(entry, before, facts);
    }
    return hasChanged;
  }

  #end(entry: JobEntry, facts: JobFacts): void {
    const finish = async () => {
      await entry.moving;
      await this.#options.finish(entry, facts);
      entry.finishing = undefined;
      this.#entries.delete(entry.id);
      this.#become(entry, facts);
      this.#options.ended(entry);
    };
    entry.finishing = finish();
  }

  /** What cannot be done now is told, and tried again after the next question. */
  #moveCredentials(entry: JobEntry, before: ReadonlyMap<number, JobFacts>, facts: JobFacts): void {
    entry.credentialStay = stayOf(entry, before, facts);
    const { credentialStay } = entry;
    if (entry.moving !== undefined || credentialStay === 'there' || credentialStay === 'away') return;
    const isLeaving = credentialStay === 'leaving';
    const move = async () => {
      try {
        const missing = await (isLeaving ? this.#options.withdraw(entry) : this.#options.giveAgain(entry));
        if (entry.credentialStay === credentialStay) entry.credentialStay = isLeaving ? 'away' : 'there';
        if (missing instanceof LatchkeyError) this.#moveFailed(entry, missing);
        else entry.moveFailure = undefined;
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        const what = isLeaving ? 'cannot be taken away' : 'cannot be given to it again';
        this.#moveFailed(
          entry,
          new LatchkeyError('jobs/staging', `its credentials ${what}: ${message}`, {
            cause,
            retryable: true,
          }),
        );
      } finally {
        entry.moving = undefined;
      }
    };
    entry.moving = move();
  }

  #moveFailed(entry: JobEntry, error: LatchkeyError): void {
    if (entry.moveFailure === error.message) return;
    entry.moveFailure = error.message;
    tell(entry, this.#options.clock, { kind: 'credential', error });
  }

  #become(entry: JobEntry, facts: JobFacts): boolean {
    const { facts: before } = entry;
    if (before.state !== facts.state && !mayBecome(before.state, facts.state)) return false;
    entry.facts = facts;
    const isSame =
      before.state === facts.state && before.reason === facts.reason && before.native === facts.native;
    if (!isSame) tell(entry, this.#options.clock, { kind: 'state', previous: before.state, facts });
    return !isSame;
  }

  #failed(entries: readonly JobEntry[], error: LatchkeyError): void {
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, this.#options.poll.leastMs), LONGEST_FAILURE_MS);
    for (const entry of entries) tellTrouble(entry, this.#options.clock, error);
  }
}

async function accountsOf(place: Workplace, entries: readonly JobEntry[]): Promise<readonly BatchStatus[]> {
  const { accounting } = place.system;
  if (accounting === undefined || entries.length === 0) return [];
  return accounting.parse(await runCommand(place, accounting.query(entries.map((entry) => entry.native))));
}
