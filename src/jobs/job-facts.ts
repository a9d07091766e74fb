import type { BatchStatus, JobReason } from './batch-system.ts';
import { statusOfEnd } from './end-status.ts';
import type { BeginRecord, EndRecord } from './job-record.ts';
import { isFinal, type JobState } from './job-state.ts';

/** What is known of a job, or of one task of an array. */
export interface JobFacts {
  readonly state: JobState;
  /** The scheduler's own word for it. */
  readonly native?: string | undefined;
  readonly reason?: JobReason | undefined;
  /** Of the program; absent when a signal ended it, and before its end. */
  readonly exitCode?: number | undefined;
  readonly signal?: number | undefined;
  /** By the scheduler's clock, where it tells. */
  readonly submittedAt?: Date | undefined;
  readonly startedAt?: Date | undefined;
  readonly endedAt?: Date | undefined;
  readonly hosts?: readonly string[] | undefined;
}

/** It has ended, or nobody will ever tell whether it has. */
export function isOver({ state, reason }: JobFacts): boolean {
  return isFinal(state) || reason === 'vanished';
}

/** What a sandbox has on record of a job or task. */
export interface SandboxRecord {
  readonly begin?: BeginRecord | undefined;
  readonly end?: EndRecord | undefined;
  /** Somebody asked us to cancel it, and the scheduler took it. */
  readonly isCancelled: boolean;
  /** The scheduler wrote that it had too much memory. */
  readonly isOutOfMemory?: boolean | undefined;
}

/** Reasons that only a scheduler or launcher knows; they weigh more than the exit code. */
const STRONG: readonly (JobReason | undefined)[] = [
  'timeout',
  'input-cut',
  'out-of-memory',
  'node-failure',
  'preempted',
  'submit-failed',
];

const OUT_OF_MEMORY = { reason: 'out-of-memory' } as const;

/**
 * What scheduler, accounting and sandbox together say. The state is the scheduler's; exit code and signal are the
 * sandbox's where it has them; a failure after a cancel of ours is `Canceled`. A job that the scheduler no longer knows
 * is what its sandbox says, and without an end on record nothing is known: it is never guessed Done.
 *
 * @returns undefined when neither knows
 */
export function resolveFacts(
  status: Omit<BatchStatus, 'id' | 'tasks'> | undefined,
  record: SandboxRecord | undefined,
): JobFacts | undefined {
  const end = record?.end;
  const isCancelled = record?.isCancelled ?? false;
  if (status !== undefined && !isFinal(status.state)) return factsOf(status);
  if (status === undefined) {
    if (end !== undefined) {
      const { startedAt, host } = record?.begin ?? {};
      return {
        native: 'ended',
        startedAt,
        hosts: host === undefined ? undefined : [host],
        ...statusOfEnd(end, isCancelled),
        ...(record?.isOutOfMemory === true && !end.isTimeout && !isCancelled && end.exitCode !== 0
          ? OUT_OF_MEMORY
          : {}),
      };
    }
    return isCancelled
      ? {
          state: 'Canceled',
          reason: 'cancelled-by-user',
          native: 'gone',
          startedAt: record?.begin?.startedAt,
        }
      : undefined;
  }
  const facts = factsOf(status);
  const outcome = end === undefined ? {} : { exitCode: end.exitCode, signal: end.signal };
  const whole = {
    ...facts,
    ...outcome,
    startedAt: facts.startedAt ?? record?.begin?.startedAt,
    endedAt: facts.endedAt ?? end?.endedAt,
  };
  if (facts.state !== 'Failed' || STRONG.includes(facts.reason)) return whole;
  if (isCancelled) return { ...whole, state: 'Canceled', reason: 'cancelled-by-user' };
  if (record?.isOutOfMemory === true) return { ...whole, ...OUT_OF_MEMORY };
  return {
    ...whole,
    reason: whole.signal === undefined ? (facts.reason ?? 'non-zero-exit') : 'killed-by-signal',
  };
}

function factsOf(status: Omit<BatchStatus, 'id' | 'tasks'>): JobFacts {
  const { state, native, reason, exitCode, signal, submittedAt, startedAt, endedAt, hosts } = status;
  return { state, native, reason, exitCode, signal, submittedAt, startedAt, endedAt, hosts };
}
