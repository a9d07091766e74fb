import type { Secret } from '../../../kit/index.ts';
import type { JobFiles } from '../files/job-files.ts';
import type { ModelProgram } from '../settings/model-server-settings.ts';
import type { LogReader } from './job-log.ts';
import type { ProcessIdentity } from './process-mark.ts';
import type { ModelPlace, Report } from './report.ts';

/** A job of a batch system, or of another machine, that a model runs as. */
export interface BatchIdentity {
  /** As `latchkey/jobs` has it: `[slurm://localhost]-[4711]`. */
  readonly id: string;
  /** The model's directory on the machine that runs it: absolute. */
  readonly directory: string;
}

/** How a batch job stands before its model has reported. */
export interface QueueFacts {
  /** False from the moment on that it runs. */
  readonly isWaiting: boolean;
  /** `Pending`, `Running`, …, and the scheduler's own word. */
  readonly state: string;
  readonly native?: string | undefined;
  readonly reason?: string | undefined;
  readonly hosts?: readonly string[] | undefined;
}

/** What a host needs to start one job. */
export interface StartSpec {
  readonly job: string;
  readonly program: ModelProgram;
  /** The job's own directory, made and empty: `work/` is where it runs, `job.log` what it says. */
  readonly directory: string;
  readonly place: ModelPlace;
  /** What the job's clients must know. */
  readonly key: Secret;
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds until it must have reported, counted from where it runs, not from where it waits. */
  readonly startMs: number;
  /** Milliseconds between TERM and KILL. */
  readonly stopMs: number;
  /** What a server before this one has submitted already. */
  readonly begun?: BatchIdentity | undefined;
  /** Called when there is a process, before it has reported: so that it is found again whatever happens. */
  onProcess(process: ProcessIdentity): void;
  /** Called when there is a batch job, for the same reason. */
  onBatch(batch: BatchIdentity): void;
  onQueue(facts: QueueFacts): void;
}

/** How a process ended; both null when nobody saw it. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What a scheduler says of it: `its wall time was over (slurm says TO)`. */
  readonly why?: string | undefined;
}

/** One job that has reported. */
export interface RunningModel {
  /** Of this machine. */
  readonly process?: ProcessIdentity | undefined;
  readonly batch?: BatchIdentity | undefined;
  readonly report: Report;
  /** Absent = they are in its directory on this machine. */
  readonly files?: JobFiles | undefined;
  readonly log?: LogReader | undefined;
  /** Resolves when it has ended, whyever; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Ends it with all it started; resolves when nothing of it is left. */
  stop(): Promise<void>;
  /** Removes what is left of it on another machine: nobody asks for its files any more. */
  remove?(): Promise<void>;
  /** Finds out now whether it has ended, when there is reason to think so. */
  look?(): Promise<void>;
}

/** Where a job is that a server before this one started. */
export interface Whereabouts {
  readonly process?: ProcessIdentity | undefined;
  readonly batch?: BatchIdentity | undefined;
  readonly directory: string;
  readonly stopMs: number;
}

/** A job that a server before this one has handed out. */
export interface KeptModel extends Whereabouts {
  readonly job: string;
  readonly key: Secret;
  /** With the address that its clients know. */
  readonly report: Report;
}

/** Where jobs run: on this machine, on another, or as jobs of a batch system. */
export interface ModelHost {
  /**
   * Resolves when the job has reported.
   *
   * @throws LatchkeyError `remote/start-failed` with the end of its log, `remote/timed-out`; nothing of the job is left then
   */
  start(spec: StartSpec, signal: AbortSignal): Promise<RunningModel>;
  /** A job that another process of ours started; undefined when it is gone. */
  adopt(kept: KeptModel): Promise<RunningModel | undefined>;
  /** Ends what may be left of a job that nobody can adopt. */
  reap(left: Whereabouts): Promise<void>;
  /** Lets go of what is needed to start and watch; jobs go on. */
  close?(): Promise<void>;
}
