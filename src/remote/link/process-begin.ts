import { readFileSync } from 'node:fs';

/** When a process began, in ticks since the start of the machine; `0` = there is none, or this system does not tell. */
export function processBegin(pid: number): string {
  try {
    // The second field is a name in parentheses that may itself hold parentheses and blanks.
    return (
      readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? '0'
    );
  } catch {
    return '0';
  }
}

/** True when the process that began then is still there, and is that user's. */
export function isProcessOf(uid: number, pid: number, begin: string): boolean {
  try {
    // The directory of a process that gave up rights belongs to root: the effective user stands inside.
    const [, effective] = /^Uid:\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return Number(effective) === uid && begin !== '0' && processBegin(pid) === begin;
  } catch {
    return false;
  }
}
