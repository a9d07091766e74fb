import type { Credential } from './credential.ts';
import type { Delivery } from './delivery.ts';
import type { HeapItem } from './indexed-heap.ts';
import type { LeaseHistory } from './journal.ts';
import type { Held } from './keeper.ts';
import type { Lease } from './lease.ts';
import type { Source } from './source.ts';
import type { LeaseStatus } from './status.ts';

/** Somebody who waits for the outcome. */
export interface Waiter {
  readonly resolve: (status: LeaseStatus) => void;
  readonly reject: (error: unknown) => void;
}

/** One try for one lease, from its start until source and delivery have settled. */
export interface Attempt {
  readonly controller: AbortController;
  readonly startedAt: number;
  /** The source that is asked; the lease may have another by the end. */
  readonly source: Source;
  /** Milliseconds since the epoch. */
  deadline: number;
  /** Time from which it goes on without a place in its lane. */
  placeUntil: number;
  /** What was obtained, once it is. */
  credential: Credential | undefined;
  /** It ended, or was given up. */
  isOver: boolean;
  /** Gives its place in the lane back; more than once is no harm. */
  readonly free: () => void;
}

/** A lease and all that the schedule knows of it. Small: there are tens of thousands. */
export interface LeaseEntry extends HeapItem {
  lease: Lease;
  source: Source;
  delivery: Delivery;
  held: Held | undefined;
  history: LeaseHistory;
  /** When it is to be looked at; milliseconds since the epoch. */
  due: number;
  /** Order in a queue, smaller first. */
  urgency: number;
  /** Order of arrival. */
  sequence: number;
  /** Somebody waits for it. */
  waiters: Waiter[] | undefined;
  attempt: Attempt | undefined;
  /** A try that was given up and has not settled: no other begins meanwhile, or one refresh token is used twice. */
  stuck: Attempt | undefined;
  /** Obtained, and still to be delivered. */
  undelivered: Credential | undefined;
  wasSpread: boolean;
  wasWarned: boolean;
}

/** A lease as it begins. */
export function newEntry(
  lease: Lease,
  source: Source,
  delivery: Delivery,
  held: Held | undefined,
  history: LeaseHistory,
  sequence: number,
): LeaseEntry {
  return {
    lease,
    source,
    delivery,
    held,
    history,
    due: 0,
    urgency: 0,
    sequence,
    waiters: undefined,
    attempt: undefined,
    stuck: undefined,
    undelivered: undefined,
    wasSpread: false,
    wasWarned: false,
    heap: undefined,
    heapIndex: 0,
  };
}

const ASKED = -3e15;
const NEW = -1e15;
const FAILING = 1e15;

/**
 * Order in a queue: what somebody waits for; what nobody has yet, the newest first (there somebody waits too, and those
 * that a start has brought do not); then by the end of what is held, and those that fail after those that do not.
 */
export function urgencyOf(entry: LeaseEntry): number {
  if (entry.waiters !== undefined) return ASKED + entry.sequence;
  const isFailing = entry.history.failures > 0;
  if (entry.held === undefined && !isFailing) return NEW - entry.sequence;
  return (isFailing ? FAILING : 0) + (entry.held?.expiresAt?.getTime() ?? entry.due);
}

/** A credential without its bytes. */
export function heldOf({ kind, subject, scope, id, issuedAt, expiresAt }: Held): Held {
  const isKnown = expiresAt !== undefined && !Number.isNaN(expiresAt.getTime());
  return { kind, subject, scope, id, issuedAt, expiresAt: isKnown ? expiresAt : undefined };
}
