/**
 * What a running monitor tells the world about itself: metrics, readiness, an audit trail, hooks. It only listens to a
 * keeper; it knows nothing of sources, directories or listeners, and holds no credential.
 */

export { isSafeHookUrl } from './hook-delivery.ts';

export { isoTime } from './iso-time.ts';
export { type Observation, observe } from './observation.ts';
