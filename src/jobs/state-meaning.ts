import type { JobReason } from './batch-system.ts';
import type { JobState } from './job-state.ts';

/** What a native state means; absent reason = the state says it all. */
export interface StateMeaning {
  readonly state: JobState;
  readonly reason?: JobReason;
}
