/** When an authority that fails is left alone. */
export interface BreakerPolicy {
  /** Failures in a row, of as many different leases, after which it opens. Default 5. */
  readonly failures: number;
  /** Seconds it stays open at first; each failed probe doubles it. Default 30. */
  readonly firstOpenSeconds: number;
  /** Longest time open, seconds. Default 600. */
  readonly longestOpenSeconds: number;
}

/** What a {@link Breaker} uses unless told otherwise. */
export const defaultBreakerPolicy: BreakerPolicy = {
  failures: 5,
  firstOpenSeconds: 30,
  longestOpenSeconds: 600,
};

/** `half-open`: one request is let through to see. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/**
 * Leaves an authority alone that has failed for several leases in a row, and tries it with one request now and then.
 * A state machine over time; it never sleeps. One lease that keeps failing is no reason to open.
 */
export class Breaker {
  readonly #policy: BreakerPolicy;
  readonly #failing = new Set<string>();
  #state: BreakerState = 'closed';
  #openings = 0;
  #openUntil = 0;

  constructor(policy: BreakerPolicy) {
    this.#policy = policy;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Milliseconds since the epoch until which nothing is asked; 0 when it is not open. */
  get openUntil(): number {
    return this.#state === 'open' ? this.#openUntil : 0;
  }

  /** True when the last answer was a failure. */
  get isDoubtful(): boolean {
    return this.#state !== 'closed' || this.#failing.size > 0;
  }

  /** May a request be made now? A breaker whose time is over lets one through. */
  permits(now: number, running: number): boolean {
    if (this.#state === 'closed') return true;
    return now >= this.#openUntil && running === 0;
  }

  /** A request is made. @returns true when the state changed */
  started(): boolean {
    if (this.#state !== 'open') return false;
    this.#state = 'half-open';
    return true;
  }

  /** It answered (a refusal is an answer). @returns true when the state changed */
  succeeded(): boolean {
    this.#failing.clear();
    this.#openings = 0;
    const changed = this.#state !== 'closed';
    this.#state = 'closed';
    return changed;
  }

  /**
   * It did not answer, or not in a way that can be used.
   *
   * @param leaseId whose request it was
   * @param retryAfterSeconds how long the server asked to be left alone
   * @param random in [0, 1), for up to a fifth more time
   * @returns true when the state changed
   */
  failed(leaseId: string, now: number, retryAfterSeconds: number | undefined, random: number): boolean {
    if (this.#failing.size < this.#policy.failures) this.#failing.add(leaseId);
    const opens = this.#state === 'half-open' || this.#failing.size >= this.#policy.failures;
    if (!opens || this.#state === 'open') return false;
    const { firstOpenSeconds, longestOpenSeconds } = this.#policy;
    const seconds = Math.min(longestOpenSeconds, firstOpenSeconds * 2 ** Math.min(30, this.#openings));
    const wish = Math.min(3600, Math.max(0, retryAfterSeconds ?? 0));
    this.#openUntil = now + Math.max(seconds, wish) * 1000 * (1 + random / 5);
    this.#openings += 1;
    this.#state = 'open';
    return true;
  }

  /** The probe was broken off and says nothing. */
  cancelled(): void {
    if (this.#state === 'half-open') this.#state = 'open';
  }

  /** The wall clock was set: waits keep their length. */
  shift(milliseconds: number): void {
    this.#openUntil += milliseconds;
  }
}
