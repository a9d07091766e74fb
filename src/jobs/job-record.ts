import { knownTime } from './known-time.ts';

/** The first line of a job's story, as its launcher wrote it. */
export interface BeginRecord {
  readonly startedAt: Date;
  readonly host: string;
  /** The scheduler's id; `-` without one. */
  readonly batchId: string;
}

/** The last one. */
export interface EndRecord {
  readonly endedAt: Date;
  /** Absent when a signal ended the program. */
  readonly exitCode?: number | undefined;
  readonly signal?: number | undefined;
  /** Its wall time was over. */
  readonly isTimeout: boolean;
  /** Its standard input was cut off before its end. */
  readonly isInputCut?: boolean | undefined;
}

/** `1796072712 4711 1234567 12 node7`: seconds, launcher's process and its mark, scheduler's id, host. */
export function parseBegin(line: string): BeginRecord | undefined {
  const [, seconds, batchId = '', host = ''] = /^(\d+) \d+ \S+ (\S+) (\S+)$/.exec(line.trim()) ?? [];
  const startedAt = knownTime(Number(seconds) * 1000);
  return startedAt === undefined ? undefined : { startedAt, host, batchId };
}

/** `1796072782 143 15 timeout`: seconds, exit code as a shell tells it, signal or 0, reason or `-`. */
export function parseEnd(line: string): EndRecord | undefined {
  const [, seconds, code, signal, reason] = /^(\d+) (\d+) (\d+) (\S+)$/.exec(line.trim()) ?? [];
  const endedAt = knownTime(Number(seconds) * 1000);
  if (endedAt === undefined) return undefined;
  return {
    endedAt,
    ...(signal === '0' ? { exitCode: Number(code) } : { signal: Number(signal) }),
    isTimeout: reason === 'timeout',
    ...(reason === 'input-cut' ? { isInputCut: true } : {}),
  };
}
