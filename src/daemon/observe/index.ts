/**
 * What a running monitor tells the world about itself: metrics, readiness, an audit trail, hooks. It only listens to a
 * keeper; it knows nothing of sources, directories or listeners, and holds no credential.
 */

export { isSafeHookUrl } from './hook-delivery.ts';
export type { HookEvent } from './hook-event.ts';
export { isoTime } from './iso-time.ts';
export { type Observation, type ObserveOptions, observe } from './observation.ts';
export type { Readiness } from './readiness.ts';
export type { FailureCause } from './tallies.ts';
