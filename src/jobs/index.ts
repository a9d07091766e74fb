/**
 * `latchkey/jobs`: jobs on real machines: a service for each machine and scheduler, one adaptor a scheduler. It knows nothing of
 * remote applications.
 */
export type { BatchRequest } from './batch-request.ts';
export type { BatchCommand, BatchStatus, BatchSystem, JobReason } from './batch-system.ts';
export { BATCH_SYSTEMS, type ProbedSystem } from './batch-systems.ts';
export { type CheckedDescription, checkDescription } from './checked-description.ts';
export { checkCredentials } from './credential-files.ts';
export type { JobDescription } from './description.ts';
export type { CredentialForm, JobCredential } from './job-credential.ts';
export { formatJobId, type JobId, parseJobId } from './job-id.ts';
export { isFinal, type JobState } from './job-state.ts';
export { type LauncherPlace, launcherText } from './launcher.ts';
export { machine } from './machine.ts';
export { parseServiceUrl, type ServiceUrl } from './service-url.ts';
