import type { LeaseFailure } from './status.ts';

/** What is remembered of a lease over restarts. No secrets. */
export interface LeaseHistory {
  /** In a row; 0 after a success. */
  readonly failures: number;
  /** The last failure is one that only somebody's action mends. */
  readonly needsAction?: boolean | undefined;
  /** Milliseconds since the epoch. */
  readonly lastRenewedAt?: number | undefined;
  /** Earliest next try after failures, milliseconds since the epoch. */
  readonly nextAt?: number | undefined;
  readonly lastError?: LeaseFailure | undefined;
}

/** Where a keeper writes its history. Nothing here waits for a disk, and nothing throws. */
export interface KeeperJournal {
  recall(id: string): LeaseHistory | undefined;
  remember(id: string, history: LeaseHistory): void;
  forget(id: string): void;
  /** Writes what is not written yet; never rejects. */
  flush(): Promise<void>;
  /** Does the same, and ends. */
  close(): Promise<void>;
}
