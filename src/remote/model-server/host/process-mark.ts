import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One process, and not whichever has its number later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, as the system counts; the same number with another mark is another process. */
  readonly mark: string;
}

/** What `/proc` tells of a process. */
export interface ProcessFacts {
  /** `R`, `S`, `Z`, … */
  readonly state: string;
  readonly group: number;
  readonly mark: string;
}

/** What is known of a process; undefined when there is none, or only what waits to be collected. */
export function processFacts(pid: number): ProcessFacts | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  const stat = readProc(`${pid}/stat`);
  if (stat === undefined) return process.platform === 'linux' ? undefined : factsFromPs(pid);
  // The name in parentheses may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', , group = ''] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  return { state, group: Number(group), mark: `${bootId()}:${fields[19]}` };
}

/** @returns undefined when it is gone already */
export function identify(pid: number): ProcessIdentity | undefined {
  const facts = processFacts(pid);
  return facts === undefined ? undefined : { pid, mark: facts.mark };
}

/** Whether that very process is alive. */
export function isSameProcess({ pid, mark }: ProcessIdentity): boolean {
  return processFacts(pid)?.mark === mark;
}

/** Ticks are counted from the start of the machine: this tells one start from another. */
function bootId(): string {
  return (readProc('sys/kernel/random/boot_id') ?? '').trim().slice(0, 8);
}

function factsFromPs(pid: number): ProcessFacts | undefined {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=,pgid=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [, state = '', group = '', mark = ''] = /^\s*(\S+)\s+(\d+)\s+(.+?)\s*$/.exec(stdout ?? '') ?? [];
  return status !== 0 || mark === '' || state.startsWith('Z')
    ? undefined
    : { state, group: Number(group), mark };
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return undefined;
  }
}
