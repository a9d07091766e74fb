import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isSameProcess, type ProcessIdentity, processFacts } from './process-mark.ts';

/** Set in the environment of every job to its own directory: whoever carries it belongs to that job. */
export const DIRECTORY_VARIABLE = 'LATCHKEY_JOB_DIRECTORY';

const LOOK_MS = 20;

/**
 * Every living process of a job: of the group it was started as, and those that left the group and still carry the job's
 * directory in their environment. Only on Linux are the latter found.
 */
function processesOf(group: number | undefined, jobDirectory: string): readonly ProcessIdentity[] {
  const mark = markOf(jobDirectory);
  const found: ProcessIdentity[] = [];
  for (const name of processNames()) {
    const pid = Number(name);
    if (pid <= 1 || pid === process.pid) continue;
    const facts = processFacts(pid);
    if (facts === undefined) continue;
    if ((group !== undefined && facts.group === group) || carries(pid, mark))
      found.push({ pid, mark: facts.mark });
  }
  return found;
}

/**
 * Ends every process of a job: TERM, and KILL for those that are there after `graceMs`. A process is signalled only if it
 * carries the job's mark in its group or environment, so that a number that was used again is nobody's end.
 *
 * @param leader the process it was started as; its group is the job's
 * @param hasJustEnded false when nobody has watched the leader: its number may be another group's since. Default true
 */
export async function endProcesses(
  leader: ProcessIdentity | undefined,
  jobDirectory: string,
  graceMs: number,
  hasJustEnded = true,
): Promise<void> {
  // The group's number is the job's as long as one of its processes lives: the kernel gives it to nobody else.
  const isOurs = leader !== undefined && groupIsOurs(leader, jobDirectory, hasJustEnded);
  const group = isOurs ? leader.pid : undefined;
  for (const [signal, waitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 2000],
  ] as const) {
    let left = processesOf(group, jobDirectory);
    for (const identity of left) signalProcess(identity, signal);
    // A stopped process takes TERM only when it goes on.
    if (signal === 'SIGTERM') for (const identity of left) signalProcess(identity, 'SIGCONT');
    for (let waited = 0; left.length > 0 && waited < waitMs; waited += LOOK_MS) {
      await delay(LOOK_MS);
      left = left.filter(isSameProcess);
    }
    if (processesOf(group, jobDirectory).length === 0) return;
  }
}

function groupIsOurs(leader: ProcessIdentity, jobDirectory: string, hasJustEnded: boolean): boolean {
  if (isSameProcess(leader)) return true;
  const mark = markOf(jobDirectory);
  // Its number belongs to somebody else now.
  if (identify(leader.pid) !== undefined) return carries(leader.pid, mark);
  // A group lives on without its leader, and so does one that got the number when the job's was gone: one of ours must be in it.
  return hasJustEnded || processesOf(leader.pid, jobDirectory).some(({ pid }) => isIn(leader.pid, pid, mark));
}

function isIn(group: number, pid: number, mark: Buffer): boolean {
  return processFacts(pid)?.group === group && carries(pid, mark);
}

function markOf(jobDirectory: string): Buffer {
  return Buffer.from(`${DIRECTORY_VARIABLE}=${jobDirectory}\0`);
}

function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isSameProcess(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It has ended in this moment.
  }
}

function carries(pid: number, mark: Buffer): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`);
    const at = environment.indexOf(mark);
    return at === 0 || (at > 0 && environment[at - 1] === 0);
  } catch {
    // Somebody else's process, or gone.
    return false;
  }
}

function processNames(): readonly string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
