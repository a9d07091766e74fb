import { type Clock, LruCache } from '../kit/index.ts';

const WINDOW_MS = 5 * 60_000;
/** Wrong codes from one address, and from everywhere, within the window. A code has 40 bits. */
const PER_ADDRESS = 10;
const IN_ALL = 300;
const MAX_ADDRESSES = 10_000;

/** Counts wrong sign-in codes. */
export interface AttemptLimit {
  /** True when this address must wait. */
  isBlocked(address: string | undefined): boolean;
  countFailure(address: string | undefined): void;
}

/** At most {@link PER_ADDRESS} failures an address and {@link IN_ALL} together in five minutes. */
export function createAttemptLimit(clock: Clock): AttemptLimit {
  const failures = new LruCache<string, number>(MAX_ADDRESSES, WINDOW_MS, clock);
  const all = new LruCache<'all', number>(1, WINDOW_MS, clock);
  const add = <Key>(
    counts: { get(key: Key): number | undefined; set(key: Key, value: number): void },
    key: Key,
  ) => counts.set(key, (counts.get(key) ?? 0) + 1);
  return {
    isBlocked: (address) =>
      (all.get('all') ?? 0) >= IN_ALL ||
      (address !== undefined && (failures.get(address) ?? 0) >= PER_ADDRESS),
    countFailure(address) {
      add(all, 'all');
      if (address !== undefined) add(failures, address);
    },
  };
}
