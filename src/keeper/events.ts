import type { Held } from './keeper.ts';
import type { Lease } from './lease.ts';
import type { LeaseFailure } from './status.ts';

/** What the keeper tells the audit log, metrics and hooks. */
export type KeeperEvent =
  | { readonly type: 'renewed'; readonly lease: Lease; readonly held: Held; readonly durationMs: number }
  | {
      readonly type: 'failed';
      readonly lease: Lease;
      readonly failure: LeaseFailure;
      readonly failures: number;
      readonly nextAt: Date;
      readonly expiresAt: Date | undefined;
    }
  /** It will end within the warning time and has not been renewed; once for each credential. */
  | {
      readonly type: 'expiring';
      readonly lease: Lease;
      readonly expiresAt: Date;
      readonly failure: LeaseFailure | undefined;
    }
  | { readonly type: 'released'; readonly lease: Lease }
  | { readonly type: 'breaker'; readonly authority: string; readonly state: 'open' | 'half-open' | 'closed' };

/** Called for each event; what it throws is logged, never felt by the keeper. */
export type KeeperListener = (event: KeeperEvent) => void;
