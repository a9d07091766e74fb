import type { ErrorCode } from '../kit/index.ts';
import type { Lease } from './lease.ts';

/** Where a lease stands. */
export type LeaseState =
  /** Asked for, nothing obtained yet. */
  | 'waiting'
  /** Held, and the next renewal is planned. */
  | 'current'
  /** A request is running. */
  | 'renewing'
  /** Failed, will be tried again by itself at `nextAt`. */
  | 'retrying'
  /** Failed in a way that only somebody's action mends (`lastError.hint`); still tried, rarely. */
  | 'needs-action';

/** A failure as people are told it. */
export interface LeaseFailure {
  readonly code: ErrorCode | 'unexpected';
  readonly message: string;
  readonly hint?: string | undefined;
  readonly at: Date;
}

/** All that is known of one lease; no secrets. */
export interface LeaseStatus {
  readonly lease: Lease;
  readonly state: LeaseState;
  readonly authority: string;
  /** `undefined` = nothing held, or its issuer does not say. */
  readonly expiresAt: Date | undefined;
  readonly issuedAt: Date | undefined;
  /** `jti` or serial of what is held. */
  readonly credentialId: string | undefined;
  readonly lastRenewedAt: Date | undefined;
  readonly nextAt: Date | undefined;
  /** In a row; 0 after a success. */
  readonly failures: number;
  readonly lastError: LeaseFailure | undefined;
}
