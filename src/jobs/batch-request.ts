/** One submission as a scheduler adaptor needs it: a checked description, with places on the machine filled in. */
export interface BatchRequest {
  /** Unique for each submission, `[a-z0-9-]{1,40}`: goes where {@link BatchSystem.findByTag} finds it again. */
  readonly tag: string;
  /** For people: the job's name, one line; adaptors shorten and clean it as their scheduler wants. */
  readonly name?: string | undefined;
  /**
   * Absolute path of the file that the script hands over to, with {@link handOver}; it does everything else (environment,
   * directory, input and output, exit file) and ends with the program's exit code.
   */
  readonly launcher: string;
  /** Absolute path of the job's sandbox, which the scheduler starts the script in. */
  readonly directory: string;
  /** Absolute paths for the scheduler's own output of the script; the program's goes elsewhere. Of an array, all tasks share them, or each has its own, with `.` and its index. */
  readonly outputPath: string;
  readonly errorPath: string;
  readonly queue?: string | undefined;
  readonly project?: string | undefined;
  /** Whole minutes, at least 1. */
  readonly wallTimeMinutes?: number | undefined;
  /** MB for the whole job. */
  readonly totalPhysicalMemoryMegabytes?: number | undefined;
  readonly totalCpuCount?: number | undefined;
  readonly totalGpuCount?: number | undefined;
  readonly numberOfProcesses?: number | undefined;
  readonly processesPerHost?: number | undefined;
  readonly threadsPerProcess?: number | undefined;
  /** `MPI`, `OpenMP`, …; of Grid Engine the parallel environment. The launcher starts MPI; adaptors ask for the places only. */
  readonly spmdVariation?: string | undefined;
  readonly candidateHosts?: readonly string[] | undefined;
  readonly jobContact?: readonly string[] | undefined;
  /** Number of tasks of an array, from 1; absent = no array. */
  readonly arraySize?: number | undefined;
  /** Lines for the scheduler as they are, without its prefix: `--constraint=knl`, `-l scratch=1`; checked to be single lines. */
  readonly directives?: readonly string[] | undefined;
}
