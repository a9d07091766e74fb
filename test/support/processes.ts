import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process and everything it started, itself first. Empty when it is gone. */
export function processTree(root: number): readonly number[] {
  if (!isAlive(root)) return [];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : undefined;
    if (fields === undefined) continue;
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree: number[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    tree.push(pid);
    open.push(...(children.get(pid) ?? []));
  }
  return tree;
}

/** False for a process that has ended but was not waited for yet. */
export function isAlive(pid: number): boolean {
  const fields = statFields(pid);
  return fields !== undefined && fields[0] !== 'Z' && fields[0] !== 'X';
}

/** True when `mark` (a private directory) occurs in the process's command line or environment: it is the one a test started. */
function isMarked(pid: number, mark: string): boolean {
  return ['cmdline', 'environ'].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  });
}

/**
 * Ends a process that a test started, with all it started: TERM, then KILL after two seconds. It refuses a process that does
 * not carry the mark, and any set that holds init, this process or its parent.
 */
export async function endTree(root: number, mark: string): Promise<void> {
  if (!isAlive(root)) return;
  if (root <= 1 || mark.length < 8 || !isMarked(root, mark)) throw new Error(`${root} is not ours to end`);
  let left = processTree(root);
  if (left.some((pid) => pid <= 1 || pid === process.pid || pid === process.ppid)) {
    throw new Error(`the processes of ${root} hold one that is not ours`);
  }
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    signalAll(left, 'SIGCONT');
    signalAll(left, signal);
    for (let waited = 0; waited < 2000 && left.some(isAlive); waited += 10) await delay(10);
    left = left.filter(isAlive);
    if (left.length === 0) return;
  }
  throw new Error(`still there after SIGKILL: ${left.join(' ')}`);
}

/** Sends a signal to those that are still there. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    if (pid <= 1) continue;
    try {
      process.kill(pid, signal);
    } catch {}
  }
}

/** State, parent, group, session, … of /proc/PID/stat. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
