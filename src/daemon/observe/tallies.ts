import type { KeeperEvent } from '../../keeper/index.ts';
import { count, type Distribution, emptyDistribution } from './distribution.ts';
import { boundLabels } from './label-bound.ts';

/** Most providers, authorities and hooks that get labels of their own. */
const MOST_LABELS = 64;
/** Most requests whose answer is waited for at one moment, for measuring only. */
const MOST_REQUESTS = 100_000;

const RENEWAL_SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];
const LATENCY_SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 20];
const SCAN_SECONDS = [0.01, 0.05, 0.25, 1, 5, 30];

/** How often something failed for one reason. */
export interface FailureCause {
  readonly provider: string;
  /** Error code. */
  readonly cause: string;
  readonly count: number;
  readonly lastAt: Date;
  /** The sentence of the last one, and what to do. */
  readonly message: string;
  readonly hint: string | undefined;
}

/** What has happened since the start, in numbers: plain memory, so that nothing is loaded until somebody asks. */
export class Tallies {
  readonly providerLabel: (name: string) => string = boundLabels(MOST_LABELS);
  readonly authorityLabel: (name: string) => string = boundLabels(MOST_LABELS);
  readonly #renewed = new Map<string, number>();
  readonly #failed = new Map<string, FailureCause>();
  readonly #durations = new Map<string, Distribution>();
  readonly #breakers = new Map<string, 'open' | 'half-open' | 'closed'>();
  readonly #requests = new Map<string, number>();
  readonly latency: Distribution = emptyDistribution(LATENCY_SECONDS);
  readonly scans: Distribution = emptyDistribution(SCAN_SECONDS);

  /** Renewals that succeeded, by provider. */
  get renewed(): ReadonlyMap<string, number> {
    return this.#renewed;
  }

  /** Seconds of successful renewals, by provider. */
  get durations(): ReadonlyMap<string, Distribution> {
    return this.#durations;
  }

  get breakers(): ReadonlyMap<string, 'open' | 'half-open' | 'closed'> {
    return this.#breakers;
  }

  /** Most frequent first. */
  failures(): FailureCause[] {
    return [...this.#failed.values()].sort((one, other) => other.count - one.count);
  }

  /** Somebody waits for the first credential of this lease since `at`. */
  requested(leaseId: string, at: Date): void {
    if (this.#requests.size < MOST_REQUESTS && !this.#requests.has(leaseId))
      this.#requests.set(leaseId, at.getTime());
  }

  record(event: KeeperEvent, now: Date): void {
    if (event.type === 'breaker') this.#breakers.set(this.authorityLabel(event.authority), event.state);
    else if (event.type === 'released') this.#requests.delete(event.lease.id);
    else if (event.type === 'renewed') this.#countRenewal(event, now);
    else if (event.type === 'failed') this.#countFailure(event, now);
  }

  #countRenewal({ lease, durationMs }: KeeperEvent & { readonly type: 'renewed' }, now: Date): void {
    const provider = this.providerLabel(lease.provider);
    this.#renewed.set(provider, (this.#renewed.get(provider) ?? 0) + 1);
    const durations = this.#durations.get(provider) ?? emptyDistribution(RENEWAL_SECONDS);
    this.#durations.set(provider, durations);
    count(durations, durationMs / 1000);
    const since = this.#requests.get(lease.id);
    if (since === undefined) return;
    this.#requests.delete(lease.id);
    // A clock that was set back says nothing about how long it took.
    count(this.latency, Math.max(0, now.getTime() - since) / 1000);
  }

  #countFailure({ lease, failure }: KeeperEvent & { readonly type: 'failed' }, now: Date): void {
    const provider = this.providerLabel(lease.provider);
    const key = `${provider} ${failure.code}`;
    const before = this.#failed.get(key)?.count ?? 0;
    const { code: cause, message, hint } = failure;
    this.#failed.set(key, { provider, cause, count: before + 1, lastAt: now, message, hint });
  }
}
