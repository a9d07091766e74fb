import { type Clock, LruCache, systemClock } from '../kit/index.ts';
import { addressGroup } from './address-group.ts';

/** One kind of limit: how many failures are free, and how the wait grows after them (doubling). */
export interface BackOff {
  readonly freeTries: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** Bounds of a {@link Throttle}; every number has a default. */
export interface ThrottleOptions {
  /** One account tried from one address. Default 5 free tries, then 1 s doubling to 1 h. */
  readonly pair?: BackOff;
  /** One account from anywhere, for addresses that never got it right. Default 50 free, then 1 s doubling to 60 s. */
  readonly account?: BackOff;
  /** One address on any account, except those it got right before. Default 100 free, then 1 s doubling to 60 s. */
  readonly address?: BackOff;
  /** Failures are forgotten after this long without another. Default 1 h. */
  readonly forgetAfterMs?: number;
  /** Entries kept of each kind; the ones longest unused go first. Default 10,000. */
  readonly maxEntries?: number;
  readonly clock?: Clock;
}

interface Count {
  failures: number;
  /** Time of the last failure. */
  last: number;
  /** Earliest time of the next try. */
  until: number;
}

interface Pair extends Count {
  /** The right pass phrase came from here: the wide limits no longer count. */
  isKnown: boolean;
  /** Earliest try that a wide limit gave to this pair. */
  appointment: number | undefined;
}

/**
 * Back-off for wrong pass phrases: a state machine over time; it never sleeps.
 *
 * The strict limit counts account and address together, so that a stranger who guesses locks out himself and not the
 * user. Two gentle limits slow down guessing that is spread over addresses or over accounts; under them a pair gets
 * an appointment, at most a minute away, that failures of others cannot put off. So nobody can lock a user out from
 * everywhere, and who once gave the right pass phrase from an address keeps out of the gentle limits there.
 * IPv6 addresses count by their /64, which is one customer. A right pass phrase clears its own pair only: otherwise a
 * guesser with one account of his own could wash his address clean.
 */
export class Throttle {
  readonly #pairs: LruCache<string, Pair>;
  readonly #accounts: LruCache<string, Count>;
  readonly #addresses: LruCache<string, Count>;
  readonly #limits: Readonly<Record<'pair' | 'account' | 'address', BackOff>>;
  readonly #forgetAfterMs: number;
  readonly #clock: Clock;

  constructor(options: ThrottleOptions = {}) {
    const { maxEntries = 10_000, clock = systemClock } = options;
    this.#pairs = new LruCache(maxEntries, undefined, clock);
    this.#accounts = new LruCache(maxEntries, undefined, clock);
    this.#addresses = new LruCache(maxEntries, undefined, clock);
    this.#limits = {
      pair: options.pair ?? { freeTries: 5, firstWaitMs: 1000, longestWaitMs: 3_600_000 },
      account: options.account ?? { freeTries: 50, firstWaitMs: 1000, longestWaitMs: 60_000 },
      address: options.address ?? { freeTries: 100, firstWaitMs: 1000, longestWaitMs: 60_000 },
    };
    this.#forgetAfterMs = options.forgetAfterMs ?? 3_600_000;
    this.#clock = clock;
  }

  /**
   * Milliseconds this pair has to wait before its next try; 0 = now. Asking costs nothing and may be repeated.
   *
   * @param account user name and credential name, in one text
   * @param address the client's IP address
   */
  check(account: string, address: string): number {
    const now = this.#clock.now().getTime();
    const pair = this.#alive(this.#pairs.get(pairKey(account, address)), now);
    const own = Math.max(0, (pair?.until ?? 0) - now);
    if (pair?.isKnown) return own;
    const accountWait = this.#wideWait('account', this.#accounts.get(account), now);
    const addressWait = this.#wideWait('address', this.#addresses.get(addressGroup(address)), now);
    const wide = Math.max(accountWait, addressWait);
    if (wide === 0) return own;
    const kept = pair ?? this.#newPair(account, address);
    kept.appointment ??= now + wide;
    return Math.max(own, kept.appointment - now);
  }

  /** A wrong pass phrase; returns the milliseconds to wait that follow. */
  failed(account: string, address: string): number {
    const now = this.#clock.now().getTime();
    const key = pairKey(account, address);
    const pair = this.#alive(this.#pairs.get(key), now) ?? this.#newPair(account, address);
    pair.appointment = undefined;
    this.#count('pair', pair, now);
    this.#countIn('account', this.#accounts, account, now);
    this.#countIn('address', this.#addresses, addressGroup(address), now);
    return this.check(account, address);
  }

  /** The right pass phrase: this pair starts afresh, and is known from now on. */
  succeeded(account: string, address: string): void {
    const pair = this.#newPair(account, address);
    pair.isKnown = true;
  }

  #newPair(account: string, address: string): Pair {
    const pair: Pair = { failures: 0, last: 0, until: 0, isKnown: false, appointment: undefined };
    this.#pairs.set(pairKey(account, address), pair);
    return pair;
  }

  /** Drops failures that are old; a known pair stays known. */
  #alive<Kind extends Count>(count: Kind | undefined, now: number): Kind | undefined {
    if (count !== undefined && now > Math.max(count.last, count.until) + this.#forgetAfterMs) {
      count.failures = 0;
      count.until = 0;
    }
    return count;
  }

  #countIn(kind: 'account' | 'address', counts: LruCache<string, Count>, key: string, now: number): void {
    const count = this.#alive(counts.get(key), now) ?? { failures: 0, last: 0, until: 0 };
    counts.set(key, count);
    this.#count(kind, count, now);
  }

  #count(kind: 'pair' | 'account' | 'address', count: Count, now: number): void {
    count.failures += 1;
    count.last = now;
    count.until = now + waitAfter(this.#limits[kind], count.failures);
  }

  /** How far away an appointment is made now. */
  #wideWait(kind: 'account' | 'address', found: Count | undefined, now: number): number {
    const count = this.#alive(found, now);
    return count === undefined ? 0 : waitAfter(this.#limits[kind], count.failures);
  }
}

function waitAfter({ freeTries, firstWaitMs, longestWaitMs }: BackOff, failures: number): number {
  if (failures < freeTries) return 0;
  return Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(40, failures - freeTries));
}

function pairKey(account: string, address: string): string {
  return `${addressGroup(address)} ${account}`;
}
