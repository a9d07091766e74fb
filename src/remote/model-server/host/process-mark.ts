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

/** What is known of a process; undefined when there is none, only what waits to be collected, or the system does not tell now. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const facts = lookAt(pid);
  return facts === 'untold' ? undefined : facts;
}

/** @returns undefined when it is gone already */
export function identify(pid: number): ProcessIdentity | undefined {
  const facts = processFacts(pid);
  return facts === undefined ? undefined : { pid, mark: facts.mark };
}

/** Whether that very process is known to be alive: only then is it signalled. */
export function isSameProcess({ pid, mark }: ProcessIdentity): boolean {
  return processFacts(pid)?.mark === mark;
}

/**
 * Whether that very process is known to be no more. A server without a free descriptor, as in a flood of connections, can read nothing of
 * it, and does not take a job for ended by that.
 */
export function isGone({ pid, mark }: ProcessIdentity): boolean {
  const facts = lookAt(pid);
  return facts !== 'untold' && facts?.mark !== mark;
}

function lookAt(pid: number): ProcessFacts | 'untold' | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  if (process.platform !== 'linux') return factsFromPs(pid);
  const stat = readProc(`${pid}/stat`);
  const boot = readProc('sys/kernel/random/boot_id');
  if (stat === 'none') return undefined;
  if (stat === 'untold' || boot === 'untold') return 'untold';
  // The name in parentheses may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', , group = ''] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  // Ticks are counted from the start of the machine: this tells one start from another.
  const start = boot === 'none' ? '' : boot.trim().slice(0, 8);
  return { state, group: Number(group), mark: `${start}:${fields[19]}` };
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

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? 'none' : 'untold';
  }
}
