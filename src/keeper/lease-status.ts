import type { LeaseEntry } from './lease-entry.ts';
import type { LeaseState, LeaseStatus } from './status.ts';

/** @param nextAt milliseconds since the epoch of the next try, or of the end of what bars it; a past time = now */
export function statusOf(entry: LeaseEntry, nextAt: number, now: number): LeaseStatus {
  const { lease, source, held, history } = entry;
  const isWorking = entry.attempt !== undefined;
  return {
    lease,
    state: stateOf(entry),
    authority: source.authority,
    expiresAt: held?.expiresAt,
    issuedAt: held?.issuedAt,
    credentialId: held?.id,
    lastRenewedAt: history.lastRenewedAt === undefined ? undefined : new Date(history.lastRenewedAt),
    nextAt: isWorking ? undefined : new Date(Math.max(nextAt, now)),
    failures: history.failures,
    lastError: history.lastError,
  };
}

function stateOf({ attempt, history, held }: LeaseEntry): LeaseState {
  if (attempt !== undefined) return 'renewing';
  if (history.failures > 0) return history.needsAction ? 'needs-action' : 'retrying';
  return held === undefined ? 'waiting' : 'current';
}
