import type { Credential } from './credential.ts';
import type { Lease } from './lease.ts';

/** Puts the current credential where work reads it, whole or not at all. */
export interface Delivery {
  deliver(lease: Lease, credential: Credential): Promise<void>;
  /** Takes it away; it is no error when it is gone already. */
  withdraw(lease: Lease): Promise<void>;
}
