import type { ChildProcess } from 'node:child_process';

/**
 * Signals a child and all of its group, of which it is the leader.
 *
 * @returns false when nobody is left to be signalled
 */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): boolean {
  const { pid } = child;
  if (pid === undefined) return false;
  // A number is not given away while a group bears it: a process that has it after our leader's end says that the group is gone.
  const hasEnded = child.exitCode !== null || child.signalCode !== null;
  if (hasEnded && exists(pid)) return false;
  try {
    return process.kill(-pid, signal);
  } catch {
    // ESRCH: all of it has ended. EPERM: what is left has become another user's.
    return false;
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
