/** How long a lease waits after failures in a row. */
export interface BackOffPolicy {
  /** Seconds that the wait after the first failure is spread over; each further failure doubles it. Default 30. */
  readonly firstSeconds: number;
  /** Longest wait, seconds. Default 900. */
  readonly longestSeconds: number;
  /** Shortest wait, seconds. Default 5. */
  readonly shortestSeconds: number;
  /** Wait after a failure that only somebody's action mends, seconds. Default 3600. */
  readonly needsActionSeconds: number;
}

/** What {@link backOffMs} uses unless told otherwise. */
export const defaultBackOffPolicy: BackOffPolicy = {
  firstSeconds: 30,
  longestSeconds: 900,
  shortestSeconds: 5,
  needsActionSeconds: 3600,
};

/** A server's own wish may be this long at most. */
const LONGEST_WISH_SECONDS = 24 * 3600;

/** A failure, as the wait after it depends on it. */
export interface FailureFacts {
  /** In a row, this one included. */
  readonly failures: number;
  readonly isRetryable: boolean;
  /** `Retry-After` of the server. */
  readonly retryAfterSeconds?: number | undefined;
  /** Milliseconds until readers of what is held would be without; negative = they are. */
  readonly leftMs?: number | undefined;
}

/**
 * Milliseconds until the next try: exponential with full jitter, within the policy's bounds; not later than half way to
 * the time when readers would be without, as long as that is not sooner than the shortest wait; never before the server
 * wants it (24 h at most).
 *
 * @param random in [0, 1)
 */
export function backOffMs(facts: FailureFacts, policy: BackOffPolicy, random: number): number {
  const wish = Math.min(LONGEST_WISH_SECONDS, Math.max(0, facts.retryAfterSeconds ?? 0)) * 1000;
  const shortest = policy.shortestSeconds * 1000;
  if (!facts.isRetryable) return Math.max(wish, policy.needsActionSeconds * 1000 * (0.9 + 0.2 * random));
  const doublings = Math.min(30, Math.max(0, facts.failures - 1));
  let ceiling = Math.min(policy.longestSeconds * 1000, policy.firstSeconds * 1000 * 2 ** doublings);
  if (facts.leftMs !== undefined && facts.leftMs > 0) ceiling = Math.min(ceiling, facts.leftMs / 2);
  return Math.max(wish, shortest, ceiling * random) + (wish > 0 ? shortest * random : 0);
}
