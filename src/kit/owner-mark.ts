import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * One process and not whichever has its number later, as one line that programs in any language can make and compare:
 * `PID BEGIN BOOT NAMESPACE HOST`. What the system does not tell is `-`.
 */
export interface OwnerMark {
  readonly pid: number;
  /** When it began, in ticks since the start of the machine. */
  readonly begin: string;
  /** Tells one start of the machine from another. */
  readonly boot: string;
  /** Where its number counts. */
  readonly namespace: string;
  readonly host: string;
}

/** This process. */
export function ownMark(): OwnerMark {
  return { pid: process.pid, begin: beginOf(process.pid) ?? '-', ...thisSystem() };
}

export function formatOwnerMark({ pid, begin, boot, namespace, host }: OwnerMark): string {
  return `${pid} ${begin} ${boot} ${namespace} ${host}\n`;
}

/** @returns undefined for a text that is none */
export function parseOwnerMark(text: string): OwnerMark | undefined {
  const [, pid, begin, boot, namespace, host] = /^(\d{1,10}) (\S+) (\S+) (\S+) (\S+)\n?$/.exec(text) ?? [];
  if (begin === undefined || boot === undefined || namespace === undefined || host === undefined)
    return undefined;
  return { pid: Number(pid), begin, boot, namespace, host };
}

/** What {@link isOwnerGone} asks the system. */
export interface ProcessView {
  /** Its beginning; `none` = there is no such process, undefined = the system does not tell now. */
  beginOf(pid: number): string | undefined;
  here(): Pick<OwnerMark, 'boot' | 'namespace' | 'host'>;
}

const SYSTEM: ProcessView = { beginOf, here: thisSystem };

/**
 * True only when it is certain that the process is no more; one of another machine or container may live, and so may one of which
 * nothing can be read: a process that has no descriptors left, as by a flood of connections, must not take others for ended.
 */
export function isOwnerGone(mark: OwnerMark, view: ProcessView = SYSTEM): boolean {
  const here = view.here();
  if (mark.host !== here.host || mark.namespace !== here.namespace) return false;
  const areBootsKnown = mark.boot !== '-' && here.boot !== '-';
  if (areBootsKnown && mark.boot !== here.boot) return true;
  const begin = view.beginOf(mark.pid);
  if (begin === 'none') return true;
  return areBootsKnown && begin !== undefined && mark.begin !== '-' && begin !== mark.begin;
}

function thisSystem(): Pick<OwnerMark, 'boot' | 'namespace' | 'host'> {
  return {
    boot: read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()) ?? '-',
    namespace: read(() => readlinkSync('/proc/self/ns/pid')) ?? '-',
    host: hostname() || '-',
  };
}

function beginOf(pid: number): string | undefined {
  // The second field is a name in parentheses that may itself hold parentheses and blanks.
  const begin = read(
    () =>
      readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')[19],
  );
  return begin ?? (exists(pid) ? undefined : 'none');
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function read(act: () => string | undefined): string | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
