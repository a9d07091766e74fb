/** One submission as a scheduler adaptor needs it: a checked description, with places on the machine filled in. */
export interface BatchRequest {
  /** Unique for each submission, `[A-Za-z0-9-]{1,40}`: goes where {@link BatchSystem.findByTag} finds it again. */
  readonly tag: string;
  /** For people: the job's name; adaptors shorten and clean it as their scheduler wants. */
  readonly name?: string | undefined;
  /** Absolute path of the file that the script runs; it does everything else (environment, directory, exit file). */
  readonly launcher: string;
  /** Absolute path of the directory the scheduler starts the script in. */
  readonly directory: string;
  /** Absolute paths for the scheduler's own output of the script. */
  readonly outputPath: string;
  readonly errorPath: string;
  readonly queue?: string | undefined;
  readonly project?: string | undefined;
  readonly wallTimeMinutes?: number | undefined;
  /** MB for the whole job. */
  readonly totalPhysicalMemoryMegabytes?: number | undefined;
  readonly totalCpuCount?: number | undefined;
  readonly totalGpuCount?: number | undefined;
  readonly numberOfProcesses?: number | undefined;
  readonly processesPerHost?: number | undefined;
  readonly threadsPerProcess?: number | undefined;
  readonly spmdVariation?: string | undefined;
  readonly candidateHosts?: readonly string[] | undefined;
  readonly jobContact?: readonly string[] | undefined;
  /** Number of tasks of an array, each with its index from 1 in `LATCHKEY_TASK`; absent = no array. */
  readonly arraySize?: number | undefined;
  /** Lines for the scheduler as they are, `--constraint=knl`; checked to be single lines. */
  readonly directives?: readonly string[] | undefined;
}
