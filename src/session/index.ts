/**
 * `latchkey/session`: security contexts, and which of them goes to which host. It knows nothing of jobs.
 */
export type { HostScope } from './host-scope.ts';
