import type { Secret } from '../../../kit/index.ts';
import type { ModelProgram } from '../settings/model-server-settings.ts';
import type { ProcessIdentity } from './process-mark.ts';
import type { ModelPlace, Report } from './report.ts';

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
  /** Milliseconds until it must have reported. */
  readonly startMs: number;
  /** Milliseconds between TERM and KILL. */
  readonly stopMs: number;
  /** Called when there is a process, before it has reported: so that it is found again whatever happens. */
  onProcess(process: ProcessIdentity): void;
}

/** How a process ended; both null when nobody saw it. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One job that has reported. */
export interface RunningModel {
  readonly process: ProcessIdentity;
  readonly report: Report;
  /** Resolves when it has ended, whyever; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Ends it with all it started; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** Where jobs run: on this machine, or as jobs of a batch system. */
export interface ModelHost {
  /**
   * Resolves when the job has reported.
   *
   * @throws LatchkeyError `remote/start-failed` with the end of its log, `remote/timed-out`; nothing of the job is left then
   */
  start(spec: StartSpec, signal: AbortSignal): Promise<RunningModel>;
  /** A job that another process of ours started; undefined when it is gone. */
  adopt(
    process: ProcessIdentity,
    report: Report,
    directory: string,
    stopMs: number,
  ): RunningModel | undefined;
  /** Ends what may be left of a job that nobody can adopt. */
  reap(process: ProcessIdentity | undefined, directory: string, stopMs: number): Promise<void>;
}
