import type { LatchkeyError } from '../kit/index.ts';

/** Why the last attempt failed, as far as it matters for the next one. */
export type FailureKind = 'unreachable' | 'refused';

/**
 * What an attempt's failure means for the next one. A server that turns somebody away after a refused login keeps its penalty (`not-allowed`),
 * which is waited for as for a refusal.
 */
export function failureKind(before: FailureKind, { code, details }: LatchkeyError): FailureKind {
  if (code === 'ssh/denied' || code === 'ssh/host-key') return 'refused';
  return before === 'refused' && details.reason === 'not-allowed' ? 'refused' : 'unreachable';
}

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;
/** sshd 9.8 and newer block an address for 15 s at least after refused logins, and for 10 minutes at most. */
const FIRST_AFTER_REFUSAL_MS = 15_000;
const LONGEST_AFTER_REFUSAL_MS = 600_000;

/**
 * Milliseconds until a lost connection is tried again: at once (within a tenth of a second, for others have lost theirs too), then
 * 1 s, 2 s, … 60 s, each up to a quarter shorter or longer. A refused login waits at least as long as sshd's penalty.
 *
 * @param attempt how many attempts have failed since it was lost
 * @param random 0 to 1
 */
export function retryDelayMs(attempt: number, kind: FailureKind, random: number): number {
  if (kind === 'refused') {
    const delay = Math.min(FIRST_AFTER_REFUSAL_MS * 2 ** Math.max(0, attempt - 1), LONGEST_AFTER_REFUSAL_MS);
    return Math.round(delay * (1 + random / 4));
  }
  if (attempt <= 0) return Math.round(random * 100);
  const delay = Math.min(FIRST_MS * 2 ** Math.min(attempt - 1, 30), LONGEST_MS);
  return Math.round(delay * (0.75 + random / 2));
}
