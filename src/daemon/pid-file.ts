import { readFile, unlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { isLatchkeyError, LatchkeyError, writeFileAtomic } from '../kit/index.ts';

/** A pid file that is ours. */
export interface PidFile {
  /** Removes it, unless somebody else has written it since. */
  remove(): Promise<void>;
}

/**
 * Writes our process number (0600, without newline, as the C server does). Node has no file locks: a file that names
 * a living server process counts as taken, any other is replaced.
 *
 * @throws LatchkeyError `daemon/already-running`
 */
export async function writePidFile(path: string): Promise<PidFile> {
  const other = Number((await readFile(path, 'latin1').catch(() => '')).trim());
  if (Number.isInteger(other) && other > 1 && other !== process.pid && (await isServer(other))) {
    throw new LatchkeyError(
      'daemon/already-running',
      `Daemon already running, pid=${other}, pidfile=${path}.`,
      {
        hint: 'use the -P option to run several servers with different pid files',
      },
    );
  }
  await writeFileAtomic(path, String(process.pid), 0o600);
  return {
    remove: async () => {
      const now = await readFile(path, 'latin1').catch(() => '');
      if (now.trim() === String(process.pid)) await unlink(path).catch(() => {});
    },
  };
}

/** As {@link writePidFile}; everything but a running server is only a warning, as with the C server. */
export async function tryPidFile(path: string, warn: (line: string) => void): Promise<PidFile | undefined> {
  try {
    return await writePidFile(path);
  } catch (error) {
    if (isLatchkeyError(error, 'daemon/already-running')) throw error;
    warn(`Cannot open or create pidfile ${path}: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** Process numbers are used again: after a crash the file may name anybody's process. */
async function isServer(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => undefined);
  return commandLine === undefined || isServerCommand(commandLine.split('\0'));
}

/** The program, or Node's script: another Node program is no server, and none of its arguments makes it one. */
function isServerCommand([program = '', ...args]: readonly string[]): boolean {
  const script = basename(program) === 'node' ? args.find((word) => !word.startsWith('-')) : program;
  return /^(myproxy-server|latchkey(\.js)?)$/.test(basename(script ?? ''));
}
