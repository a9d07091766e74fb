import type { BatchRequest } from './batch-request.ts';

/** How processes lie on hosts: what was asked for, completed. */
export interface Layout {
  readonly processes: number;
  /** Cores for each process. */
  readonly threads: number;
  /** All cores. */
  readonly cores: number;
  readonly processesPerHost?: number | undefined;
  /** Absent = the scheduler decides. */
  readonly hosts?: number | undefined;
}

/**
 * Completes the layout of a request. Several cores without several processes are one process with many cores, on one
 * host; `MPI` alone makes each core a process.
 *
 * @returns undefined when nothing was asked for
 */
export function layoutOf(request: BatchRequest): Layout | undefined {
  const { totalCpuCount, numberOfProcesses, processesPerHost, threadsPerProcess, spmdVariation } = request;
  const asked = [totalCpuCount, numberOfProcesses, processesPerHost, threadsPerProcess];
  if (asked.every((value) => value === undefined)) return undefined;
  const isSpread = spmdVariation !== undefined && !/^openmp$/i.test(spmdVariation);
  const processes =
    numberOfProcesses ??
    (isSpread && totalCpuCount !== undefined
      ? Math.max(1, Math.floor(totalCpuCount / (threadsPerProcess ?? 1)))
      : (processesPerHost ?? 1));
  const threads = threadsPerProcess ?? Math.max(1, Math.floor((totalCpuCount ?? processes) / processes));
  const hosts =
    processesPerHost !== undefined
      ? Math.ceil(processes / processesPerHost)
      : processes === 1
        ? 1
        : undefined;
  return { processes, threads, cores: processes * threads, processesPerHost, hosts };
}
