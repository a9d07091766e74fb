import type { Clock } from '../../kit/index.ts';
import type { ModelHost } from './host/model-host.ts';
import type { StartGround } from './start-job.ts';

/** What a model server tells of itself as it happens; for logs. */
export interface ModelServerEvent {
  readonly event: 'job-starting' | 'job-running' | 'job-ended' | 'job-adopted' | 'draining' | 'trouble';
  readonly job?: string;
  /** Words for people; never secrets. */
  readonly text: string;
}

/** What a model server works with. */
export interface ModelServerParts {
  readonly host: ModelHost;
  readonly prove: StartGround['prove'];
  readonly clock?: Clock;
  onEvent?(event: ModelServerEvent): void;
}
