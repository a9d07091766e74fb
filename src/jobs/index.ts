/**
 * `latchkey/jobs`: jobs on real machines: a service for each machine and scheduler, one adaptor a scheduler. It knows nothing of
 * remote applications.
 */
export type { BatchRequest } from './batch-request.ts';
export type { BatchCommand, BatchStatus, BatchSystem, JobReason } from './batch-system.ts';
export { isFinal, type JobState } from './job-state.ts';
