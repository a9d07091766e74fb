import type { JobCredential } from './job-credential.ts';

/**
 * What is to run, and what it needs: SAGA's attributes (GFD.90 §4.1) in camelCase. Its own spelling (`WallTimeLimit`,
 * `wall_time_limit`) is read too, by {@link checkDescription}.
 */
export interface JobDescription {
  /** The program: a path, or a name to be found in `PATH`. */
  readonly executable: string;
  /** Each arrives as it is: no shell reads them. */
  readonly arguments?: readonly string[] | undefined;
  /** Each value arrives as it is. */
  readonly environment?: Readonly<Record<string, string | number>> | undefined;
  /** Lines of shell that run before the program, in its directory and environment; a failing one fails the job. */
  readonly preExec?: readonly string[] | undefined;
  /** … after the program, whatever its exit code. */
  readonly postExec?: readonly string[] | undefined;
  /** Made when it is missing. Relative, or after `~/` = from the login directory, which `..` leaves; or absolute. Default: a private one in the job's sandbox. */
  readonly workingDirectory?: string | undefined;
  /** Files of standard input, output and error, relative to the working directory. Default: none; the sandbox keeps both outputs. */
  readonly input?: string | undefined;
  readonly output?: string | undefined;
  readonly error?: string | undefined;
  /** `local > remote` (before it runs), `local < remote` (after it ends), `>>` and `<<` append. */
  readonly fileTransfer?: readonly string[] | undefined;
  /** When files are fetched: at every end (default), or only when it is Done. */
  readonly stageOut?: 'always' | 'done' | undefined;
  /** Remove the sandbox when the job has ended and its files are fetched. Default false. */
  readonly cleanup?: boolean | undefined;
  /** Minutes, or a span such as `2h`, `90m`, `1h30m`, `1d`; rounded up to whole minutes. */
  readonly wallTimeLimit?: number | string | undefined;
  /** MB, for the whole job. */
  readonly totalPhysicalMemory?: number | undefined;
  /** Cores, for the whole job. */
  readonly totalCpuCount?: number | undefined;
  readonly totalGpuCount?: number | undefined;
  readonly numberOfProcesses?: number | undefined;
  readonly processesPerHost?: number | undefined;
  readonly threadsPerProcess?: number | undefined;
  /** `MPI`: started by `mpirun -n numberOfProcesses`; `OpenMP`: `OMP_NUM_THREADS` is set; else a scheduler's own word. */
  readonly spmdVariation?: string | undefined;
  readonly candidateHosts?: readonly string[] | undefined;
  readonly queue?: string | undefined;
  readonly project?: string | undefined;
  /** Mail addresses. */
  readonly jobContact?: readonly string[] | undefined;
  readonly name?: string | undefined;
  /** That many tasks, each with its index from 1 in `LATCHKEY_TASK`; for schedulers. */
  readonly arraySize?: number | undefined;
  /** Lines for the scheduler as they are, without its prefix: `--constraint=knl`. */
  readonly directives?: readonly string[] | undefined;
  /** Follow the job: in its sandbox before it starts, renewed while it waits and runs, gone when it ends. */
  readonly credentials?: readonly JobCredential[] | undefined;
  /** When a credential cannot last: say so (default) or refuse to submit. */
  readonly credentialPolicy?: 'warn' | 'refuse' | undefined;
}
