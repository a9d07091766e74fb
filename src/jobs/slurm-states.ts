import type { JobReason } from './batch-system.ts';
import type { StateMeaning } from './state-meaning.ts';

/**
 * Slurm's states (squeue(1), "JOB STATE CODES") by code and by name, as sacct writes them. `RS` and `ST` keep their cores, so
 * they run; `SE` is requeued and held; what is not listed is `Unknown`.
 */
export const SLURM_STATES: Readonly<Record<string, StateMeaning>> = {
  PD: { state: 'Pending' },
  PENDING: { state: 'Pending' },
  CF: { state: 'Pending' },
  CONFIGURING: { state: 'Pending' },
  RD: { state: 'Pending', reason: 'held' },
  RESV_DEL_HOLD: { state: 'Pending', reason: 'held' },
  RF: { state: 'Pending' },
  REQUEUE_FED: { state: 'Pending' },
  RH: { state: 'Pending', reason: 'held' },
  REQUEUE_HOLD: { state: 'Pending', reason: 'held' },
  RQ: { state: 'Pending' },
  REQUEUED: { state: 'Pending' },
  SE: { state: 'Pending', reason: 'held' },
  SPECIAL_EXIT: { state: 'Pending', reason: 'held' },
  R: { state: 'Running' },
  RUNNING: { state: 'Running' },
  CG: { state: 'Running' },
  COMPLETING: { state: 'Running' },
  SO: { state: 'Running' },
  STAGE_OUT: { state: 'Running' },
  SI: { state: 'Running' },
  SIGNALING: { state: 'Running' },
  ST: { state: 'Running' },
  STOPPED: { state: 'Running' },
  RS: { state: 'Running' },
  RESIZING: { state: 'Running' },
  S: { state: 'Suspended' },
  SUSPENDED: { state: 'Suspended' },
  CD: { state: 'Done' },
  COMPLETED: { state: 'Done' },
  F: { state: 'Failed' },
  FAILED: { state: 'Failed' },
  TO: { state: 'Failed', reason: 'timeout' },
  TIMEOUT: { state: 'Failed', reason: 'timeout' },
  DL: { state: 'Failed', reason: 'timeout' },
  DEADLINE: { state: 'Failed', reason: 'timeout' },
  OOM: { state: 'Failed', reason: 'out-of-memory' },
  OUT_OF_MEMORY: { state: 'Failed', reason: 'out-of-memory' },
  NF: { state: 'Failed', reason: 'node-failure' },
  NODE_FAIL: { state: 'Failed', reason: 'node-failure' },
  BF: { state: 'Failed', reason: 'node-failure' },
  BOOT_FAIL: { state: 'Failed', reason: 'node-failure' },
  PR: { state: 'Failed', reason: 'preempted' },
  PREEMPTED: { state: 'Failed', reason: 'preempted' },
  RV: { state: 'Failed' },
  REVOKED: { state: 'Failed' },
  CA: { state: 'Canceled', reason: 'cancelled-by-user' },
  CANCELLED: { state: 'Canceled', reason: 'cancelled-by-user' },
};

/** Why a job waits, by squeue's reason. */
export const SLURM_WAIT_REASONS: Readonly<Record<string, JobReason>> = {
  JobHeldUser: 'held',
  JobHeldAdmin: 'held',
  Dependency: 'dependency',
  DependencyNeverSatisfied: 'dependency',
};
