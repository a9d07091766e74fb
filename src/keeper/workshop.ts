import { type Clock, LatchkeyError } from '../kit/index.ts';
import { Breaker, type BreakerPolicy, type BreakerState } from './breaker.ts';
import type { Credential } from './credential.ts';
import { type JudgedFailure, judge, timedOut } from './failure.ts';
import { FAILING_GROUP, type Group, Lane } from './lane.ts';
import { type Attempt, type LeaseEntry, urgencyOf } from './lease-entry.ts';
import { UndeliveredStore } from './undelivered.ts';

/** What a workshop tells its keeper. */
export interface WorkshopReports {
  delivered(entry: LeaseEntry, credential: Credential, attempt: Attempt): void;
  failed(entry: LeaseEntry, failure: JudgedFailure, attempt: Attempt): void;
  breaker(authority: string, state: BreakerState): void;
  /** {@link Workshop.wakeAt} may be earlier now. */
  changed(): void;
}

/** Bounds of a workshop. */
export interface WorkshopBounds {
  readonly maxParallelRequests: number;
  readonly maxParallelPerAuthority: number;
  readonly maxParallelLocal: number;
  readonly requestTimeoutSeconds: number;
  readonly localTimeoutSeconds: number;
  readonly breaker: BreakerPolicy;
}

/** Local work that takes longer than this goes on beside the lane, so that it keeps nobody waiting. */
const LOCAL_PLACE_MS = 500;
/** What is local works through within the turn in which it starts: whoever comes meanwhile waits for so many at most. */
const STARTS_A_TURN = 4;
/** A try that was given up and never settles is forgotten after this, and another may begin. */
const STUCK_MS = 600_000;
/** What runs at the end may finish for so long before it is broken off, and may take so long after. */
const CLOSE_GRACE_MS = 2000;
const CLOSE_ABORT_MS = 5000;

/**
 * Where sources are asked and credentials delivered: one lane for what needs the network, one for what does not, so that
 * the second never waits for the first. One try at a time for each lease; a try that takes too long loses its place.
 */
export class Workshop {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #bounds: WorkshopBounds;
  readonly #reports: WorkshopReports;
  readonly #network: Lane;
  readonly #local: Lane;
  readonly #undelivered = new UndeliveredStore();
  readonly #working = new Set<LeaseEntry>();
  readonly #unsettled = new Map<Promise<void>, Attempt>();
  #isPumping = false;
  #isClosed = false;

  constructor(bounds: WorkshopBounds, reports: WorkshopReports, clock: Clock, random: () => number) {
    const { maxParallelRequests, maxParallelPerAuthority, maxParallelLocal } = bounds;
    this.#bounds = bounds;
    this.#reports = reports;
    this.#clock = clock;
    this.#random = random;
    this.#network = new Lane({
      total: maxParallelRequests,
      perGroup: maxParallelPerAuthority,
      perDoubtfulGroup: 1,
    });
    const perDoubtfulGroup = Math.max(1, maxParallelLocal >> 1);
    this.#local = new Lane({ total: maxParallelLocal, perGroup: maxParallelLocal, perDoubtfulGroup });
  }

  /** Puts a lease into its queue, or anew into it with the urgency it has now. Not for one at work. */
  enqueue(entry: LeaseEntry): void {
    entry.heap?.remove(entry);
    entry.urgency = urgencyOf(entry);
    const endsAt = entry.undelivered?.expiresAt;
    if (endsAt !== undefined && endsAt <= this.#clock.now()) this.#undelivered.drop(entry);
    if (entry.source.isLocal || entry.undelivered !== undefined) {
      this.#local.enqueue(entry, entry.history.failures > 0 ? FAILING_GROUP : 'local');
    } else {
      this.#network.enqueue(entry, entry.source.authority, () => new Breaker(this.#bounds.breaker));
    }
    this.#pump();
  }

  /** Why a lease cannot be tried now, if so. */
  refusal(entry: LeaseEntry, now: number): LatchkeyError | undefined {
    if (this.isStuck(entry, now)) {
      const what = 'the request before took too long, was given up, and has still not ended';
      return new LatchkeyError('keeper/timed-out', what, { retryable: true });
    }
    const openUntil = this.openUntil(entry);
    if (openUntil <= now) return undefined;
    const at = new Date(openUntil).toISOString();
    return new LatchkeyError(
      'keeper/breaker-open',
      `${entry.source.authority} has failed several times in a row and is left alone until ${at}`,
      { retryable: true, hint: 'look at what it answered the last time' },
    );
  }

  /** Time until which the lease's authority is left alone; 0 = it is not. */
  openUntil({ source, undelivered }: LeaseEntry): number {
    if (source.isLocal || undelivered !== undefined) return 0;
    return this.#network.group(source.authority)?.breaker?.openUntil ?? 0;
  }

  /** True while a try that was given up has not settled: no other begins, or one refresh token would be used twice. */
  isStuck(entry: LeaseEntry, now: number): boolean {
    if (entry.stuck === undefined) return false;
    if (now < entry.stuck.deadline + STUCK_MS) return true;
    entry.stuck = undefined;
    return false;
  }

  /** Breaks off what is done for a lease that is no longer kept; nothing of it will be reported. */
  leave(entry: LeaseEntry, reason: Error): void {
    const { attempt, stuck } = entry;
    this.dropUndelivered(entry);
    if (attempt !== undefined) this.#end(entry, attempt);
    entry.stuck = undefined;
    attempt?.controller.abort(reason);
    stuck?.controller.abort(reason);
    this.#pump();
  }

  dropUndelivered(entry: LeaseEntry): void {
    this.#undelivered.drop(entry);
  }

  /** When {@link Workshop.expire} has something to do. */
  wakeAt(): number {
    let earliest = this.#network.nextOpening(this.#clock.now().getTime());
    for (const { attempt } of this.#working) {
      if (attempt !== undefined) earliest = Math.min(earliest, attempt.placeUntil, attempt.deadline);
    }
    return earliest;
  }

  /** Gives up what takes too long, and starts what may start now. */
  expire(now: number): void {
    for (const entry of this.#working) {
      const { attempt } = entry;
      if (attempt === undefined) continue;
      if (attempt.deadline <= now) this.#giveUp(entry, attempt);
      else if (attempt.placeUntil <= now) {
        attempt.placeUntil = Number.POSITIVE_INFINITY;
        attempt.free();
      }
    }
    this.#pump();
  }

  /** Forgets what nobody needs. */
  prune(): void {
    this.#network.prune();
  }

  /** Waits keep their length when the wall clock is set. */
  clockWasSet(jumpMs: number): void {
    for (const { attempt } of this.#working) {
      if (attempt === undefined) continue;
      attempt.deadline += jumpMs;
      attempt.placeUntil += jumpMs;
    }
    for (const { breaker } of this.#network.groups()) breaker?.shift(jumpMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // A request that is broken off may have made the server rotate a secret whose successor nobody then has.
    await this.#settled(CLOSE_GRACE_MS);
    const reason = new LatchkeyError('keeper/released', 'the keeper is closing');
    for (const { controller } of this.#unsettled.values()) controller.abort(reason);
    await this.#settled(CLOSE_ABORT_MS);
  }

  async #settled(longestMs: number): Promise<void> {
    const stop = new AbortController();
    const wait = this.#clock.sleep(longestMs, stop.signal).catch(() => {});
    await Promise.race([Promise.all(this.#unsettled.keys()), wait]);
    stop.abort();
  }

  /** Starts what has a place, in a turn of its own: whoever holds thousands at once is not kept waiting. */
  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      if (this.#isClosed) return;
      const now = this.#clock.now().getTime();
      for (const lane of [this.#local, this.#network]) {
        let started = 0;
        for (let next = lane.next(now); next; next = lane.next(now)) {
          this.#start(next.entry, next.group, next.free, now);
          started += 1;
          if (started === STARTS_A_TURN) {
            this.#pump();
            break;
          }
        }
      }
      this.#reports.changed();
    });
  }

  #start(entry: LeaseEntry, group: Group, free: () => void, now: number): void {
    const credential = entry.undelivered;
    const { localTimeoutSeconds, requestTimeoutSeconds } = this.#bounds;
    const isLocal = entry.source.isLocal || credential !== undefined;
    const attempt: Attempt = {
      controller: new AbortController(),
      source: entry.source,
      startedAt: now,
      deadline: now + (isLocal ? localTimeoutSeconds : requestTimeoutSeconds) * 1000,
      placeUntil: isLocal ? now + LOCAL_PLACE_MS : Number.POSITIVE_INFINITY,
      credential,
      isOver: false,
      free,
    };
    entry.attempt = attempt;
    this.#working.add(entry);
    if (group.breaker?.started()) this.#reports.breaker(group.name, group.breaker.state);
    const run = this.#run(entry, attempt, group).finally(() => this.#unsettled.delete(run));
    this.#unsettled.set(run, attempt);
  }

  async #run(entry: LeaseEntry, attempt: Attempt, group: Group): Promise<void> {
    try {
      if (attempt.credential === undefined) {
        attempt.credential = await attempt.source.obtain(entry.lease, attempt.controller.signal);
        if (group.breaker?.succeeded()) this.#reports.breaker(group.name, group.breaker.state);
        if (attempt.isOver) {
          this.#cameLate(entry, attempt, attempt.credential);
          return;
        }
        attempt.deadline = this.#clock.now().getTime() + this.#bounds.localTimeoutSeconds * 1000;
      }
      await entry.delivery.deliver(entry.lease, attempt.credential);
    } catch (error) {
      this.#failed(entry, attempt, group, error);
      return;
    }
    if (!attempt.isOver) this.#end(entry, attempt);
    else if (entry.stuck === attempt) entry.stuck = undefined;
    else return;
    this.#undelivered.drop(entry);
    entry.heap?.remove(entry);
    this.#reports.delivered(entry, attempt.credential, attempt);
    this.#pump();
  }

  /** A source that was given up has brought something after all: it is delivered, not asked for again. */
  #cameLate(entry: LeaseEntry, attempt: Attempt, credential: Credential): void {
    if (entry.stuck !== attempt) return;
    entry.stuck = undefined;
    this.#undelivered.keep(entry, credential);
    this.enqueue(entry);
  }

  #giveUp(entry: LeaseEntry, attempt: Attempt): void {
    const { isLocal, authority } = attempt.source;
    const { localTimeoutSeconds, requestTimeoutSeconds } = this.#bounds;
    const isDelivery = attempt.credential !== undefined;
    const error = timedOut(
      isDelivery ? 'the delivery' : `a request to ${authority}`,
      isLocal || isDelivery ? localTimeoutSeconds : requestTimeoutSeconds,
    );
    entry.stuck = attempt;
    this.#failed(entry, attempt, isLocal ? undefined : this.#network.group(authority), error);
    attempt.controller.abort(error);
  }

  #failed(entry: LeaseEntry, attempt: Attempt, group: Group | undefined, error: unknown): void {
    if (attempt.isOver) {
      // Given up before, and counted then; or released.
      if (entry.stuck === attempt) entry.stuck = undefined;
      return;
    }
    this.#end(entry, attempt);
    // Broken off at the end: nobody's fault, and nothing to remember.
    if (this.#isClosed && attempt.controller.signal.aborted) return;
    const failure = judge(error, this.#clock.now());
    if (attempt.credential !== undefined) this.#undelivered.keep(entry, attempt.credential);
    else if (group?.breaker !== undefined) this.#count(group.name, group.breaker, entry, failure);
    this.#reports.failed(entry, failure, attempt);
    this.#pump();
  }

  /** Counts a failure for the whole authority. A refusal is an answer; what happened here says nothing. */
  #count(authority: string, breaker: Breaker, entry: LeaseEntry, failure: JudgedFailure): void {
    const { isOurs, isRetryable, retryAfterSeconds } = failure;
    const now = this.#clock.now().getTime();
    if (isOurs) breaker.cancelled();
    else if (!isRetryable) {
      if (breaker.succeeded()) this.#reports.breaker(authority, breaker.state);
    } else if (breaker.failed(entry.lease.id, now, retryAfterSeconds, this.#random())) {
      this.#reports.breaker(authority, breaker.state);
    }
  }

  #end(entry: LeaseEntry, attempt: Attempt): void {
    attempt.isOver = true;
    attempt.free();
    entry.attempt = undefined;
    this.#working.delete(entry);
  }
}
