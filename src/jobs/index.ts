/**
 * `latchkey/jobs`: jobs on real machines: a service for each machine and scheduler, one adaptor a scheduler. It knows nothing of
 * remote applications.
 */
export type { BatchRequest } from './batch-request.ts';
export type { BatchCommand, BatchStatus, BatchSystem, JobReason } from './batch-system.ts';
export { BATCH_SYSTEMS, type ProbedSystem } from './batch-systems.ts';
export type { CheckedDescription } from './checked-description.ts';
export type { Connector, ConnectTarget } from './connector.ts';
export type { CredentialFinding } from './credential-outlook.ts';
export type { JobDescription } from './description.ts';
export { type Ec2Machine, type Ec2MachineOptions, type Ec2Reach, openEc2Machine } from './ec2-machine.ts';
export type { PollPolicy } from './follower.ts';
export { Job, type RunOptions, type WaitOptions } from './job.ts';
export { JobContainer } from './job-container.ts';
export type { CredentialForm, JobCredential } from './job-credential.ts';
export type { JobChange, JobListener } from './job-entry.ts';
export type { JobFacts } from './job-facts.ts';
export { formatJobId, type JobId, parseJobId } from './job-id.ts';
export type { OutputOptions } from './job-output.ts';
export { isFinal, type JobState } from './job-state.ts';
export type { JobRemains } from './remains.ts';
export { Service } from './service.ts';
export type { GetJobOptions, ServiceOptions } from './service-options.ts';
export { parseServiceUrl, type ServiceUrl } from './service-url.ts';
