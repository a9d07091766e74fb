/**
 * `latchkey/keeper`: holds what somebody asked for and renews it in time. One schedule for every kind of credential:
 * source → keeper → delivery. It knows nothing of which kinds there are, of directories, servers or pages.
 */
export type { Credential } from './credential.ts';
export type { Delivery } from './delivery.ts';
export type { KeeperEvent, KeeperListener } from './events.ts';
export type { Held, Keeper } from './keeper.ts';
export type { Lease } from './lease.ts';
export type { Source } from './source.ts';
export type { LeaseFailure, LeaseState, LeaseStatus } from './status.ts';
