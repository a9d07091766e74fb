import type { CommandResult } from '../ssh/index.ts';
import type { BatchRequest } from './batch-request.ts';
import type { JobState } from './job-state.ts';

/** What a scheduler says of one job, or of some tasks of an array, mapped; `native` is its own word. */
export interface BatchStatus {
  /** As {@link BatchSystem.parseSubmit} gave it; of an array the id of the whole. */
  readonly id: string;
  /** Which tasks of the array it speaks of; absent = the whole job. */
  readonly tasks?: readonly number[] | undefined;
  readonly state: JobState;
  /** The scheduler's own code: `PD`, `qw`, `TIMEOUT`. */
  readonly native: string;
  /** Why, in one stable word where we know one. */
  readonly reason?: JobReason | undefined;
  /** Of the program; absent when a signal ended it. */
  readonly exitCode?: number | undefined;
  readonly signal?: number | undefined;
  readonly submittedAt?: Date | undefined;
  readonly startedAt?: Date | undefined;
  readonly endedAt?: Date | undefined;
  readonly hosts?: readonly string[] | undefined;
}

/** Why a job waits or ended. */
export type JobReason =
  | 'cancelled-by-user'
  | 'timeout'
  | 'input-cut'
  | 'out-of-memory'
  | 'node-failure'
  | 'preempted'
  | 'held'
  | 'dependency'
  | 'submit-failed'
  | 'non-zero-exit'
  | 'killed-by-signal'
  | 'vanished';

/** A command for the machine where the scheduler's tools are: words, each arriving as it is. */
export interface BatchCommand {
  readonly argv: readonly string[];
  readonly input?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/**
 * One scheduler: pure text in, values out; the job service runs the commands over a transport. One file a scheduler.
 *
 * Every parser gets the outcome whatever the exit code, and throws LatchkeyError `jobs/scheduler` for one that cannot be
 * believed (`retryable` when the scheduler does not answer): a failed query changes no state. That an id is unknown is
 * an answer, not a failure. The service calls with one to 1000 ids.
 */
export interface BatchSystem {
  /** `slurm`, `sge`, …, as in URLs. */
  readonly name: string;
  /** Attributes of a description that it has no word for, by their names in {@link BatchRequest}'s description. */
  readonly unsupported: readonly string[];
  /** The submission script: `#!/bin/sh`, directives, then {@link handOver}'s lines. */
  script(request: BatchRequest): string;
  submit(request: BatchRequest, scriptPath: string): BatchCommand;
  /** @returns the scheduler's id of the job (of an array: of the whole) */
  parseSubmit(result: CommandResult): string;
  /** Jobs whose tag (job name or comment) is `tag`: after a connection that was lost in mid-submit. */
  findByTag(tag: string): BatchCommand;
  /** @returns their ids, none when it has none */
  parseFound(result: CommandResult, tag: string): readonly string[];
  /** One query for all of them, however many; ids it does not know are simply absent from the answer. */
  query(ids: readonly string[]): BatchCommand;
  parseQuery(result: CommandResult): readonly BatchStatus[];
  /** What became of jobs that the queue knows no longer; `undefined` = it keeps no accounts. */
  readonly accounting?:
    | {
        query(ids: readonly string[]): BatchCommand;
        /** Where accounting is switched off: no statuses. */
        parse(result: CommandResult): readonly BatchStatus[];
      }
    | undefined;
  cancel(ids: readonly string[]): BatchCommand;
  /** `undefined` = the scheduler cannot, or not for users. */
  suspend?(ids: readonly string[]): BatchCommand;
  resume?(ids: readonly string[]): BatchCommand;
  /** @param signal without `SIG`: `USR1` */
  signal?(ids: readonly string[], signal: string): BatchCommand;
  /** Throws when cancel, suspend, resume or signal were refused. Default: exit code 0 is success. */
  parseControl?(result: CommandResult): void;
  /** All jobs of the user, ours or not. */
  list(): BatchCommand;
  parseList(result: CommandResult): readonly string[];
}
