/**
 * `latchkey/keeper`: holds what somebody asked for and renews it in time. One schedule for every kind of credential:
 * source → keeper → delivery. It knows nothing of which kinds there are, of directories, servers or pages.
 */
export type { BackOffPolicy } from './back-off.ts';
export type { BreakerPolicy, BreakerState } from './breaker.ts';
export { createKeeper } from './create-keeper.ts';
export type { Credential } from './credential.ts';
export type { Delivery } from './delivery.ts';
export type { KeeperEvent, KeeperListener } from './events.ts';
export type { KeeperJournal, LeaseHistory } from './journal.ts';
export { type KeeperJournalOptions, openKeeperJournal, readKeeperJournal } from './journal-file.ts';
export type { Held, Keeper } from './keeper.ts';
export type { KeeperOptions } from './keeper-options.ts';
export type { Lease } from './lease.ts';
export { type PlannedRenewal, type PlanOptions, type PlanSubject, planOf } from './plan.ts';
export { defaultRenewalPolicy, type RenewalInput, type RenewalPolicy, renewalTime } from './renewal-time.ts';
export type { Source } from './source.ts';
export type { LeaseFailure, LeaseState, LeaseStatus } from './status.ts';
