import type { LeaseFailure, LeaseState, LeaseStatus } from '../../keeper/index.ts';
import { isoTime } from '../observe/index.ts';

/** A failure in JSON. */
interface FailureDocument {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly at: string;
}

/** A lease in JSON; times are ISO 8601. No secrets. */
export interface LeaseDocument {
  readonly id: string;
  readonly owner: string;
  readonly kind: string;
  readonly provider: string;
  readonly purpose?: string | undefined;
  readonly state: LeaseState;
  readonly authority: string;
  readonly credentialId?: string | undefined;
  readonly issuedAt?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly lastRenewedAt?: string | undefined;
  readonly nextAt?: string | undefined;
  readonly failures: number;
  readonly lastError?: FailureDocument | undefined;
}

/** A running monitor in JSON. */
export interface StatusDocument {
  readonly version: string;
  readonly pid: number;
  readonly name: string;
  readonly directory: string;
  readonly startedAt: string;
  readonly lastScanAt?: string | undefined;
  readonly leases: number;
  readonly ready: { readonly ok: boolean; readonly checks: Readonly<Record<string, string>> };
  /** Requests in the directory that no provider serves: a name and why. */
  readonly unserved: readonly { readonly id: string; readonly message: string }[];
  readonly failures: readonly {
    readonly provider: string;
    readonly cause: string;
    readonly count: number;
    readonly message: string;
    readonly hint?: string | undefined;
  }[];
}

/** The JSON form of a lease. */
export function leaseDocument({ lease, lastError, ...status }: LeaseStatus): LeaseDocument {
  return {
    id: lease.id,
    owner: lease.owner,
    kind: lease.kind,
    provider: lease.provider,
    purpose: lease.purpose,
    state: status.state,
    authority: status.authority,
    credentialId: status.credentialId,
    issuedAt: isoTime(status.issuedAt),
    expiresAt: isoTime(status.expiresAt),
    lastRenewedAt: isoTime(status.lastRenewedAt),
    nextAt: isoTime(status.nextAt),
    failures: status.failures,
    lastError: lastError === undefined ? undefined : failureDocument(lastError),
  };
}

function failureDocument({ code, message, hint, at }: LeaseFailure): FailureDocument {
  return { code, message, hint, at: at.toISOString() };
}
