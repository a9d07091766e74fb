import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LatchkeyError } from '../../kit/index.ts';

/** The file that credd reads to know whom to signal. */
export interface CredmonPidFile {
  /** False when somebody else has written it since: another monitor was started. */
  isOurs(): boolean;
  /** Removes it, unless it is somebody else's. */
  remove(): void;
}

const TRIES = 5;
/** Programs whose process number in `pid` means that the directory is served. */
const MONITORS = /^(condor_credmon_(oauth|vault)|scitokens_credmon|latchkey(\.js)?)$/;

/**
 * Writes `D/pid`: our process number, and our start time, by which a number that is used again is told apart.
 * credd reads the number and nothing after it.
 *
 * @throws LatchkeyError `daemon/already-running` when another monitor serves the directory; `file/io`
 */
export function writeCredmonPid(directory: string): CredmonPidFile {
  const path = join(directory, 'pid');
  const own = `${process.pid} ${startOf(process.pid) ?? 0}`;
  const temporary = join(directory, `.pid.${process.pid}`);
  try {
    writeFileSync(temporary, own, { mode: 0o644 });
    for (let tries = 1; ; tries += 1) {
      // A link is made or not made, by one of two that start together.
      if (tryLink(temporary, path)) break;
      refuseLiving(directory, path);
      remove(path);
      if (tries === TRIES) throw new Error('it comes back whenever it is removed');
    }
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot write "${path}": ${reason}`, { cause });
  } finally {
    remove(temporary);
  }
  const isOurs = (): boolean => read(path) === own;
  return {
    isOurs,
    remove: () => {
      if (isOurs()) remove(path);
    },
  };
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function refuseLiving(directory: string, path: string): void {
  const [, pidText = '', start] = /^\s*(\d+)(?:\s+(\d+))?/.exec(read(path)) ?? [];
  const pid = Number(pidText);
  if (pidText === '' || pid < 2 || pid === process.pid || !isMonitor(pid, start)) return;
  throw new LatchkeyError('daemon/already-running', `process ${pid} serves "${directory}" already`, {
    hint: 'two monitors on one directory would undo each other’s work: stop that one first',
  });
}

function isMonitor(pid: number, start: string | undefined): boolean {
  const now = startOf(pid);
  if (now === undefined) return false;
  if (start !== undefined && start !== '0') return start === now;
  // Written by another program: the name of what runs under the number must do.
  return read(`/proc/${pid}/cmdline`)
    .split('\0')
    .slice(0, 3)
    .some((word) => MONITORS.test(basename(word)));
}

/** Start time of a process in clock ticks since boot; `undefined` when there is none of that number, or it is a zombie. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').slice(0, 4096);
  } catch {
    return '';
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {}
}
