import type { Breaker } from './breaker.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { LeaseEntry } from './lease-entry.ts';

/** What fails together: leases of one authority that wait, and how many are at work. */
export interface Group {
  readonly name: string;
  readonly breaker: Breaker | undefined;
  readonly waiting: IndexedHeap<LeaseEntry>;
  running: number;
}

const MAX_GROUPS = 1000;

/** How wide a lane is. */
export interface LaneWidth {
  readonly total: number;
  readonly perGroup: number;
  /** For a group that fails. */
  readonly perDoubtfulGroup: number;
}

/**
 * Bounded work: most urgent first, so many at once in all and of one group. Groups that fail have half of the lane
 * together at most, so that what works always finds a place.
 */
export class Lane {
  readonly #width: LaneWidth;
  readonly #groups = new Map<string, Group>();
  #running = 0;
  #doubtful = 0;

  constructor(width: LaneWidth) {
    this.#width = width;
  }

  group(name: string): Group | undefined {
    return this.#groups.get(name);
  }

  groups(): IterableIterator<Group> {
    return this.#groups.values();
  }

  /** Puts a lease into the queue of a group, which is made when there is none. */
  enqueue(entry: LeaseEntry, name: string, breaker?: () => Breaker): void {
    let group = this.#groups.get(name);
    if (group === undefined) {
      const waiting = new IndexedHeap<LeaseEntry>((a, b) => a.urgency < b.urgency);
      group = { name, breaker: breaker?.(), waiting, running: 0 };
      this.#groups.set(name, group);
    }
    group.waiting.push(entry);
  }

  /** Takes the lease that may run now, and its place; `free` gives the place back, once. */
  next(
    now: number,
  ): { readonly entry: LeaseEntry; readonly group: Group; readonly free: () => void } | undefined {
    if (this.#running >= this.#width.total) return undefined;
    let best: Group | undefined;
    for (const group of this.#groups.values()) {
      const head = group.waiting.peek();
      if (head === undefined || !this.#mayRun(group, now)) continue;
      if (best === undefined || head.urgency < (best.waiting.peek()?.urgency ?? Number.POSITIVE_INFINITY))
        best = group;
    }
    const entry = best?.waiting.pop();
    if (best === undefined || entry === undefined) return undefined;
    const group = best;
    const isDoubtful = isDoubtfulGroup(group);
    this.#running += 1;
    group.running += 1;
    if (isDoubtful) this.#doubtful += 1;
    let isFree = false;
    const free = () => {
      if (isFree) return;
      isFree = true;
      this.#running -= 1;
      group.running -= 1;
      if (isDoubtful) this.#doubtful -= 1;
    };
    return { entry, group, free };
  }

  /** Earliest time to come at which an open breaker lets a waiting lease through; what it lets through now waits for a place only. */
  nextOpening(now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { breaker, waiting } of this.#groups.values()) {
      if (breaker === undefined || waiting.size === 0 || breaker.openUntil <= now) continue;
      earliest = Math.min(earliest, breaker.openUntil);
    }
    return earliest;
  }

  /** Forgets groups that nobody waits for: those with nothing to remember, and the others when they are too many. */
  prune(): void {
    for (const [name, group] of this.#groups) {
      const isIdle = group.running === 0 && group.waiting.size === 0;
      if (isIdle && (!isDoubtfulGroup(group) || this.#groups.size > MAX_GROUPS)) this.#groups.delete(name);
    }
  }

  #mayRun(group: Group, now: number): boolean {
    const { total, perGroup, perDoubtfulGroup } = this.#width;
    if (group.breaker !== undefined && !group.breaker.permits(now, group.running)) return false;
    if (!isDoubtfulGroup(group)) return group.running < perGroup;
    return group.running < perDoubtfulGroup && this.#doubtful < Math.max(1, total >> 1);
  }
}

/** Group of a lane without breakers for leases whose last try failed. */
export const FAILING_GROUP = 'failing';

function isDoubtfulGroup({ name, breaker }: Group): boolean {
  return breaker === undefined ? name === FAILING_GROUP : breaker.isDoubtful;
}
