import { type Clock, LatchkeyError, systemClock } from '../kit/index.ts';
import { Alarm } from './alarm.ts';
import { type BackOffPolicy, backOffMs, defaultBackOffPolicy } from './back-off.ts';
import { defaultBreakerPolicy } from './breaker.ts';
import type { Credential } from './credential.ts';
import type { Delivery } from './delivery.ts';
import type { KeeperEvent, KeeperListener } from './events.ts';
import { type JudgedFailure, judge } from './failure.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { KeeperJournal, LeaseHistory } from './journal.ts';
import type { Held, Keeper } from './keeper.ts';
import type { KeeperOptions } from './keeper-options.ts';
import type { Lease } from './lease.ts';
import { type Attempt, heldOf, type LeaseEntry, newEntry, type Waiter } from './lease-entry.ts';
import { statusOf } from './lease-status.ts';
import { defaultRenewalPolicy, type RenewalPolicy, renewalTime } from './renewal-time.ts';
import type { Source } from './source.ts';
import type { LeaseStatus } from './status.ts';
import { Workshop } from './workshop.ts';

/** Makes a keeper. It does nothing until something is held. */
export function createKeeper(options: KeeperOptions = {}): Keeper {
  return new LeaseKeeper(options);
}

const SWEEP_MS = 60_000;
/** So much behind its time, a renewal was not late but left out: the process did not run, or the clock was set. */
const LEFT_OUT_MS = 90_000;
/** A credential made so much in the future was made by a clock that was wrong: verifiers refuse it. */
const FUTURE_MS = 60_000;
/** A lease whose last try has not settled is looked at again after this. */
const STUCK_LOOK_MS = 15_000;
/** What costs nobody anything is tried again soon. */
const LOCAL_BACK_OFF: BackOffPolicy = {
  firstSeconds: 2,
  longestSeconds: 60,
  shortestSeconds: 1,
  needsActionSeconds: 60,
};

class LeaseKeeper implements Keeper {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #policy: RenewalPolicy;
  readonly #backOff: BackOffPolicy;
  readonly #journal: KeeperJournal | undefined;
  readonly #onListenerError: (error: unknown) => void;
  readonly #warnMs: number;
  readonly #catchUpMs: number;
  readonly #entries = new Map<string, LeaseEntry>();
  readonly #planned = new IndexedHeap<LeaseEntry>((a, b) => a.due < b.due);
  readonly #workshop: Workshop;
  readonly #alarm: Alarm;
  readonly #listeners = new Set<KeeperListener>();
  #sequence = 0;
  #lastSweep: number;
  #isClosed = false;

  constructor(options: KeeperOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#policy = { ...defaultRenewalPolicy, ...options.policy };
    this.#backOff = { ...defaultBackOffPolicy, ...options.backOff };
    this.#journal = options.journal;
    this.#onListenerError = options.onListenerError ?? (() => {});
    this.#warnMs = (options.warnBeforeSeconds ?? this.#policy.marginSeconds) * 1000;
    this.#catchUpMs = (options.catchUpSeconds ?? 300) * 1000;
    this.#lastSweep = this.#now();
    const bounds = {
      maxParallelRequests: options.maxParallelRequests ?? 16,
      maxParallelPerAuthority: options.maxParallelPerAuthority ?? 4,
      maxParallelLocal: options.maxParallelLocal ?? 16,
      requestTimeoutSeconds: options.requestTimeoutSeconds ?? 30,
      localTimeoutSeconds: options.localTimeoutSeconds ?? 10,
      breaker: { ...defaultBreakerPolicy, ...options.breaker },
    };
    const reports = {
      delivered: this.#delivered.bind(this),
      failed: this.#failed.bind(this),
      breaker: (authority: string, state: 'open' | 'half-open' | 'closed') =>
        this.#tell({ type: 'breaker', authority, state }),
      changed: () => this.#arm(),
    };
    this.#workshop = new Workshop(bounds, reports, this.#clock, this.#random);
    this.#alarm = new Alarm(this.#clock, (now, jumpMs) => this.#tick(now, jumpMs));
  }

  get size(): number {
    return this.#entries.size;
  }

  hold(lease: Lease, source: Source, delivery: Delivery, held?: Held): void {
    if (this.#isClosed) throw new TypeError('the keeper is closed');
    const known = this.#entries.get(lease.id);
    if (known !== undefined) {
      this.#change(known, lease, source, delivery, held && heldOf(held));
      return;
    }
    const history = this.#journal?.recall(lease.id) ?? { failures: 0 };
    const entry = newEntry(lease, source, delivery, held && heldOf(held), history, this.#sequence++);
    this.#entries.set(lease.id, entry);
    const now = this.#now();
    const barred = history.failures > 0 && !source.isLocal ? (history.nextAt ?? 0) : 0;
    if (entry.held !== undefined) this.#plan(entry, Math.max(this.#renewalOf(entry, entry.held), barred));
    else if (barred > now) this.#plan(entry, barred);
    else {
      // Somebody waits: not even for a timer.
      entry.due = now;
      this.#workshop.enqueue(entry);
    }
  }

  release(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    entry.heap?.remove(entry);
    const error = new LatchkeyError('keeper/released', `"${id}" is no longer kept`);
    this.#workshop.leave(entry, error);
    for (const waiter of takeWaiters(entry)) waiter.reject(error);
    this.#journal?.forget(id);
    this.#tell({ type: 'released', lease: entry.lease });
  }

  async renewNow(id: string): Promise<LeaseStatus> {
    const entry = this.#entries.get(id);
    if (entry === undefined || this.#isClosed) {
      throw new LatchkeyError('keeper/released', `nothing is kept under the name "${id}"`);
    }
    const now = this.#now();
    const refusal = entry.attempt === undefined ? this.#workshop.refusal(entry, now) : undefined;
    if (refusal !== undefined) {
      return { ...this.#statusOf(entry), lastError: judge(refusal, new Date(now)).told };
    }
    return await new Promise((resolve, reject) => {
      entry.waiters = [...(entry.waiters ?? []), { resolve, reject }];
      if (entry.attempt === undefined) this.#workshop.enqueue(entry);
    });
  }

  status(id: string): LeaseStatus | undefined {
    const entry = this.#entries.get(id);
    return entry && this.#statusOf(entry);
  }

  *list(): IterableIterator<LeaseStatus> {
    for (const entry of this.#entries.values()) yield this.#statusOf(entry);
  }

  subscribe(listener: KeeperListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#alarm.cancel();
    // Whoever ends us may not wait for the rest.
    const flushed = this.#journal?.flush();
    await this.#workshop.close();
    await flushed;
    const error = new LatchkeyError('keeper/released', 'the keeper is closed');
    for (const entry of this.#entries.values()) {
      for (const waiter of takeWaiters(entry)) waiter.reject(error);
    }
    await this.#journal?.close();
  }

  #change(entry: LeaseEntry, lease: Lease, source: Source, delivery: Delivery, held: Held | undefined): void {
    const isOtherSource = entry.source !== source;
    const isOtherHeld = held !== undefined && !isSame(held, entry.held);
    Object.assign(entry, { lease, source, delivery, held });
    // At work: what follows is planned when that ends.
    if (entry.attempt !== undefined) return;
    if (isOtherHeld) {
      // Somebody else brought a credential: what failed before is over.
      this.#workshop.dropUndelivered(entry);
      this.#succeeded(entry, held.issuedAt.getTime());
      this.#plan(entry, this.#renewalOf(entry, held));
    } else if (
      entry.history.failures === 0 ? held === undefined : isOtherSource && entry.history.needsAction
    ) {
      this.#plan(entry, this.#now());
    }
  }

  #tick(now: number, jumpMs: number): void {
    if (this.#isClosed) return;
    if (jumpMs !== 0) this.#clockWasSet(now, jumpMs);
    for (let entry = this.#planned.peek(); entry && entry.due <= now; entry = this.#planned.peek()) {
      this.#becomeDue(entry, now);
    }
    this.#workshop.expire(now);
    if (now - this.#lastSweep >= SWEEP_MS) this.#sweep(now);
    this.#arm();
  }

  #becomeDue(entry: LeaseEntry, now: number): void {
    if (this.#workshop.isStuck(entry, now)) {
      this.#plan(entry, now + STUCK_LOOK_MS);
      return;
    }
    const slackMs = this.#slackMs(entry, now);
    const isLeftOut = now - entry.due > LEFT_OUT_MS && entry.history.failures === 0 && !entry.wasSpread;
    if (isLeftOut && slackMs > 0) {
      entry.wasSpread = true;
      this.#plan(entry, now + Math.max(1, this.#random() * Math.min(slackMs / 2, this.#catchUpMs)));
    } else this.#workshop.enqueue(entry);
  }

  #delivered(entry: LeaseEntry, credential: Credential, attempt: Attempt): void {
    const now = this.#now();
    const held = heldOf(credential);
    entry.held = held;
    this.#succeeded(entry, now);
    // Counted from now on: an issuer may hand out what it made some time ago, or have another clock.
    const due = this.#renewalOf(entry, { ...held, issuedAt: new Date(now) });
    const isOver = held.expiresAt !== undefined && held.expiresAt.getTime() <= now;
    this.#plan(entry, isOver ? Math.max(due, now + SWEEP_MS) : due);
    const durationMs = Math.max(0, now - attempt.startedAt);
    this.#tell({ type: 'renewed', lease: entry.lease, held, durationMs });
    this.#answer(entry);
  }

  #failed(entry: LeaseEntry, { told, ...judged }: JudgedFailure, attempt: Attempt): void {
    const now = this.#now();
    const isDelivery = attempt.credential !== undefined;
    const isRetryable = judged.isRetryable || isDelivery;
    const failures = entry.history.failures + 1;
    const isCheap = isDelivery || attempt.source.isLocal || told.code === 'file/io';
    const policy = isCheap ? LOCAL_BACK_OFF : this.#backOff;
    const facts = { ...judged, failures, isRetryable, leftMs: this.#slackMs(entry, now) };
    let wait = backOffMs(facts, policy, this.#random());
    if (attempt.source !== entry.source) wait = Math.min(wait, policy.shortestSeconds * 1000);
    const nextAt = now + wait;
    const { lastRenewedAt } = entry.history;
    const needsAction = isRetryable ? undefined : true;
    this.#remember(entry, { failures, needsAction, lastRenewedAt, nextAt, lastError: told });
    this.#plan(entry, nextAt);
    const expiresAt = entry.held?.expiresAt;
    this.#tell({
      type: 'failed',
      lease: entry.lease,
      failure: told,
      failures,
      nextAt: new Date(nextAt),
      expiresAt,
    });
    this.#answer(entry);
  }

  #succeeded(entry: LeaseEntry, lastRenewedAt: number): void {
    entry.wasSpread = false;
    entry.wasWarned = false;
    this.#remember(entry, { failures: 0, lastRenewedAt });
  }

  #plan(entry: LeaseEntry, due: number): void {
    entry.heap?.remove(entry);
    // On whole seconds, so that many small renewals cost few wake-ups; what is due already is due now.
    entry.due = due <= this.#now() ? due : Math.ceil(due / 1000) * 1000;
    this.#planned.push(entry);
    this.#arm();
  }

  #arm(): void {
    if (this.#isClosed || this.#entries.size === 0) return;
    const due = this.#planned.peek()?.due ?? Number.POSITIVE_INFINITY;
    this.#alarm.wakeBy(Math.min(due, this.#workshop.wakeAt(), this.#lastSweep + SWEEP_MS));
  }

  /** Once a minute: tells of what ends soon and should have been renewed by now. */
  #sweep(now: number): void {
    this.#lastSweep = now;
    this.#workshop.prune();
    for (const entry of this.#entries.values()) {
      const { lease, held, wasWarned, history } = entry;
      if (wasWarned || held?.expiresAt === undefined) continue;
      if (held.expiresAt.getTime() - now > this.#warnMs) continue;
      const latest = renewalTime(
        { ...held, renewAfterSeconds: entry.source.renewAfterSeconds },
        this.#policy,
        0,
      );
      if (now < latest.getTime() + SWEEP_MS) continue;
      entry.wasWarned = true;
      this.#tell({ type: 'expiring', lease, expiresAt: held.expiresAt, failure: history.lastError });
    }
  }

  /** The wall clock was set, or the machine slept. Waits keep their length, ends of credentials are what they are. */
  #clockWasSet(now: number, jumpMs: number): void {
    this.#workshop.clockWasSet(jumpMs);
    this.#lastSweep += jumpMs;
    for (const entry of this.#entries.values()) {
      if (entry.heap !== this.#planned) continue;
      const { held, history } = entry;
      if (history.failures > 0 || held?.expiresAt === undefined) entry.due += jumpMs;
      else if (held.issuedAt.getTime() > now + FUTURE_MS) {
        entry.due = now + this.#random() * this.#catchUpMs;
      }
    }
    this.#planned.reorder();
  }

  #renewalOf({ source }: LeaseEntry, held: Held): number {
    const input = { ...held, renewAfterSeconds: source.renewAfterSeconds };
    return renewalTime(input, this.#policy, this.#random()).getTime();
  }

  /** Time until readers of what is held would be without. */
  #slackMs({ held }: LeaseEntry, now: number): number {
    if (held === undefined) return 0;
    if (held.expiresAt === undefined) return this.#catchUpMs;
    return held.expiresAt.getTime() - this.#policy.marginSeconds * 1000 - now;
  }

  #statusOf(entry: LeaseEntry): LeaseStatus {
    const isPlanned = entry.heap === this.#planned;
    return statusOf(entry, isPlanned ? entry.due : this.#workshop.openUntil(entry), this.#now());
  }

  #remember(entry: LeaseEntry, history: LeaseHistory): void {
    entry.history = history;
    this.#journal?.remember(entry.lease.id, history);
  }

  #answer(entry: LeaseEntry): void {
    const waiters = takeWaiters(entry);
    if (waiters.length === 0) return;
    const status = this.#statusOf(entry);
    for (const waiter of waiters) waiter.resolve(status);
  }

  #tell(event: KeeperEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}

function takeWaiters(entry: LeaseEntry): readonly Waiter[] {
  const { waiters = [] } = entry;
  entry.waiters = undefined;
  return waiters;
}

function isSame(a: Held, b: Held | undefined): boolean {
  return (
    a.id === b?.id &&
    a.issuedAt.getTime() === b?.issuedAt.getTime() &&
    a.expiresAt?.getTime() === b?.expiresAt?.getTime()
  );
}
