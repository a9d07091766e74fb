import type { Credential } from './credential.ts';
import type { Lease } from './lease.ts';

/** Makes credentials: a local issuer, an OAuth server, Vault, a MyProxy repository, … */
export interface Source {
  /** What fails together, one breaker and one bound on parallel requests for each: the origin of the server, or `local`. */
  readonly authority: string;
  /** True when it needs no network: such work never waits behind work that does. */
  readonly isLocal: boolean;
  /** Renew after these seconds at the latest, whatever the credential's own life. Absent = its life decides. */
  readonly renewAfterSeconds?: number | undefined;
  /**
   * Makes a new credential. A source that rotates a secret of its own (a refresh token) has it durable before it returns.
   *
   * @throws LatchkeyError `retryable` when trying again later may succeed, else somebody must do something (`hint`)
   */
  obtain(lease: Lease, signal: AbortSignal): Promise<Credential>;
}
