import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
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
const MAX_PID_BYTES = 64;
/** Programs whose process number in `pid` means that the directory is served. */
const MONITORS = /^(condor_credmon_(oauth|vault)|scitokens_credmon|latchkey(\.js)?)$/;

/** A process that began so long after the file was written is another one with the same number. */
const SLACK_MS = 2_000;
/** What `/proc` counts in, on every machine that Linux runs on today. */
const TICKS_PER_SECOND = 100;

/**
 * Writes `D/pid`: our process number and nothing else, for credd and for whoever writes `kill -HUP $(cat pid)`.
 *
 * @throws LatchkeyError `daemon/already-running` when another monitor serves the directory; `file/io`
 */
export function writeCredmonPid(directory: string): CredmonPidFile {
  const path = join(directory, 'pid');
  const own = String(process.pid);
  const temporary = join(directory, `.pid.${process.pid}`);
  let ino: number | undefined;
  try {
    // The group of the directory may write there too: what lies under that name is taken away, and never followed.
    unlink(temporary);
    writeFileSync(temporary, own, { mode: 0o644, flag: 'wx' });
    ino = statusOf(temporary)?.ino;
    for (let tries = 1; ; tries += 1) {
      // A link is made or not made, by one of two that start together.
      if (tryLink(temporary, path)) break;
      refuseLiving(directory, path);
      unlink(path);
      if (tries === TRIES) throw new Error('it comes back whenever it is removed');
    }
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot write "${path}": ${reason}`, { cause });
  } finally {
    remove(temporary);
  }
  const isOurs = (): boolean => statusOf(path)?.ino === ino && readPlainFile(path) === own;
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
  const writtenAt = statusOf(path)?.mtimeMs;
  const pid = Number.parseInt(readPlainFile(path), 10);
  if (writtenAt === undefined || !(pid >= 2) || pid === process.pid || !isMonitor(pid, writtenAt)) return;
  throw new LatchkeyError('daemon/already-running', `process ${pid} serves "${directory}" already`, {
    hint: 'two monitors on one directory would undo each other’s work: stop that one first',
  });
}

function isMonitor(pid: number, writtenAt: number): boolean {
  const startedAt = startOf(pid);
  if (startedAt === undefined || startedAt > writtenAt + SLACK_MS) return false;
  return read(`/proc/${pid}/cmdline`)
    .split('\0')
    .slice(0, 3)
    .some((word) => MONITORS.test(basename(word)));
}

/** When a process began, milliseconds since the epoch; `undefined` when there is none of that number, or it is a zombie. */
function startOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[19] === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const uptime = Number.parseFloat(read('/proc/uptime'));
  return Date.now() - (uptime - Number(fields[19]) / TICKS_PER_SECOND) * 1000;
}

function statusOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** The beginning of a file in the credential directory; nothing of a link, and no waiting for the other end of a FIFO. */
function readPlainFile(path: string): string {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(descriptor).isFile()) return '';
      const buffer = Buffer.alloc(MAX_PID_BYTES);
      return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, MAX_PID_BYTES, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return '';
  }
}

/** Of `/proc`: as much as matters. */
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

/** @throws what the system says, unless there is nothing */
function unlink(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
