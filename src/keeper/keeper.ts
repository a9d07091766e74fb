import type { Credential } from './credential.ts';
import type { Delivery } from './delivery.ts';
import type { KeeperListener } from './events.ts';
import type { Lease } from './lease.ts';
import type { Source } from './source.ts';
import type { LeaseStatus } from './status.ts';

/** What is known of the credential that a lease has now, without its bytes. */
export type Held = Omit<Credential, 'bytes'>;

/** Holds leases and renews their credentials in time, one schedule for every kind. */
export interface Keeper {
  /**
   * Keeps a lease from now on. Called again with the same id it replaces source and delivery and keeps the history;
   * call it again when something has changed, for a lease that needs somebody's action is tried again at once then.
   * Without `held` the first credential is obtained at once (the newest such lease first), except that a source that needs
   * the network is left alone for as long as the journal says.
   */
  hold(lease: Lease, source: Source, delivery: Delivery, held?: Held): void;
  /** Stops renewing; nothing is withdrawn. A renewal that is running is aborted and delivers nothing. */
  release(id: string): void;
  /**
   * Renews now, past back-off (not past an open breaker); settles when it was delivered or failed, which the status says.
   *
   * @throws LatchkeyError `keeper/released` when there is no such lease, or no longer
   */
  renewNow(id: string): Promise<LeaseStatus>;
  status(id: string): LeaseStatus | undefined;
  /** Every lease, in no order. */
  list(): IterableIterator<LeaseStatus>;
  readonly size: number;
  /** @returns what ends the subscription */
  subscribe(listener: KeeperListener): () => void;
  /** Ends the schedule, aborts what runs and writes what is durable. */
  close(): Promise<void>;
}
