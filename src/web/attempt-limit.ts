import { isIPv6 } from 'node:net';
import { type Clock, LruCache } from '../kit/index.ts';

const WINDOW_MS = 5 * 60_000;
/** Wrong codes from one address, and from everywhere, within the window. A code has 40 bits. */
const PER_ADDRESS = 10;
const IN_ALL = 300;
const MAX_ADDRESSES = 10_000;

/** Counts sign-in codes that are tried. */
export interface AttemptLimit {
  /** Takes one attempt, which counts as wrong until {@link forgive}; false when this address must wait. */
  begin(address: string | undefined): boolean;
  /** The code was right. */
  forgive(address: string | undefined): void;
}

interface Count {
  tried: number;
}

/** At most {@link PER_ADDRESS} failures an address and {@link IN_ALL} together in five minutes from the first. */
export function createAttemptLimit(clock: Clock): AttemptLimit {
  const counts = new LruCache<string, Count>(MAX_ADDRESSES, WINDOW_MS, clock);
  const all = new LruCache<'all', Count>(1, WINDOW_MS, clock);
  const countsFor = (address: string | undefined): readonly (readonly [Count, number])[] => [
    [countOf(all, 'all'), IN_ALL],
    ...(address === undefined ? [] : [[countOf(counts, networkOf(address)), PER_ADDRESS] as const]),
  ];
  return {
    begin(address) {
      const taken = countsFor(address);
      if (taken.some(([{ tried }, most]) => tried >= most)) return false;
      for (const [count] of taken) count.tried += 1;
      return true;
    },
    forgive(address) {
      for (const [count] of countsFor(address)) count.tried = Math.max(0, count.tried - 1);
    },
  };
}

/** Changed in place: its time runs from the first attempt. */
function countOf<Key>(counts: LruCache<Key, Count>, key: Key): Count {
  const known = counts.get(key);
  if (known !== undefined) return known;
  const count = { tried: 0 };
  counts.set(key, count);
  return count;
}

/** One person has a whole /64 of IPv6 addresses. */
function networkOf(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  const plain = address.replace(/%.*$/, '');
  if (!isIPv6(plain)) return address;
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  return [...first, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
