/**
 * What a running monitor tells the world about itself: metrics, readiness, an audit trail, hooks. It only listens to a
 * keeper; it knows nothing of sources, directories or listeners, and holds no credential.
 */
export type { HookEvent, HookEventType } from './hook-event.ts';
export type { HookSettings } from './hook-settings.ts';
export { isoTime } from './iso-time.ts';
export { type Observation, type ObserveOptions, observe, type RevokedToken } from './observation.ts';
export type { Readiness } from './readiness.ts';
export type { FailureCause } from './tallies.ts';
