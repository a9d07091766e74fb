import type { CredmonSettings } from '../../credmon/index.ts';
import { isLatchkeyError } from '../../kit/index.ts';
import { type ComposedCredmon, composeCredmon } from './compose-credmon.ts';
import { type CredmonLog, openCredmonLog } from './credmon-log.ts';
import { type CredmonPidFile, writeCredmonPid } from './credmon-pid.ts';
import { dropInheritance } from './parent-environment.ts';
import type { CredmonLogLevel } from './running-credmon.ts';

/** How a monitor's process is started. */
export interface CredmonProcessOptions {
  /** Reads the settings; called again on reload. */
  readonly load: () => Promise<CredmonSettings>;
  /** `-l`: the log file, whatever the settings say; `-` = standard error. */
  readonly logFile?: string | undefined;
  /** `-d`, `-v` */
  readonly isVerbose?: boolean | undefined;
}

/** condor_master does not start a daemon again that ended with this. */
const HOPELESS = 99;
/** condor_master knows this for a log that cannot be written. */
const LOG_UNWRITABLE = 44;
/** A rotation that is under way may end, but whoever asked for the end waits no longer. */
const LAST_WORK_MS = 900;

/**
 * Runs a monitor in the foreground until SIGTERM, SIGINT or SIGQUIT, as condor_master wants its daemons. SIGHUP means: look at
 * the directory now.
 *
 * @returns exit status: 0 ended by a signal; 99 a configuration that no new start mends; 44 a log that cannot be
 * written; 1 anything else
 */
export async function runCredmonProcess(options: CredmonProcessOptions): Promise<number> {
  const status = await run(options);
  // A connection or a request that is still open must not keep the process.
  setTimeout(() => process.exit(status), 50).unref();
  return status;
}

async function run(options: CredmonProcessOptions): Promise<number> {
  dropInheritance();
  process.umask(0o022);
  const signals = catchSignals();
  let log: CredmonLog | undefined;
  let pid: CredmonPidFile | undefined;
  let composed: ComposedCredmon | undefined;
  try {
    const settings = await options.load();
    log = openLog(settings, options);
    const write = (level: CredmonLogLevel, line: string): void => log?.write(level, line);
    // The last words of a process that dies by its own fault.
    process.on('uncaughtExceptionMonitor', (error) =>
      write('error', `Failure: ${error.stack ?? error.message}`),
    );
    composed = await composeCredmon(settings, {
      log: write,
      claim: (directory) => {
        pid = writeCredmonPid(directory.path);
      },
      isOurs: () => pid?.isOurs() ?? true,
    });
    const { wake, lost } = composed;
    signals.onWake(wake);
    const reason = await Promise.race([signals.ended, lost]);
    write('info', typeof reason === 'string' ? `ended by ${reason}` : `ends: ${describe(reason)}`);
    await within(LAST_WORK_MS, composed.close());
    return typeof reason === 'string' ? 0 : 1;
  } catch (error) {
    if (log === undefined) process.stderr.write(`${describe(error)}\n`);
    else log.write('error', describe(error));
    await within(LAST_WORK_MS, composed?.close() ?? Promise.resolve());
    return exitStatusOf(error);
  } finally {
    pid?.remove();
    await log?.close();
  }
}

class LogUnwritable extends Error {}

function openLog(
  settings: CredmonSettings,
  { logFile, isVerbose = false }: CredmonProcessOptions,
): CredmonLog {
  try {
    return openCredmonLog({
      ...settings.log,
      file: logFile === '-' ? undefined : (logFile ?? settings.log.file),
      isVerbose: isVerbose || settings.log.isVerbose,
    });
  } catch (cause) {
    throw new LogUnwritable(describe(cause), { cause });
  }
}

function exitStatusOf(error: unknown): number {
  if (error instanceof LogUnwritable) return LOG_UNWRITABLE;
  return isLatchkeyError(error) && error.code.startsWith('config/') ? HOPELESS : 1;
}

interface Signals {
  /** Settles with the name of the signal that asks for the end. */
  readonly ended: Promise<string>;
  /** From now on SIGHUP calls this; one that came before does so at once. */
  onWake(wake: () => void): void;
}

/** From the first moment on: a SIGHUP that comes early must not end the process. */
function catchSignals(): Signals {
  let wake: (() => void) | undefined;
  let isWanted = false;
  process.on('SIGHUP', () => {
    if (wake === undefined) isWanted = true;
    else wake();
  });
  const ended = new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(name, () => resolve(name));
  });
  return {
    ended,
    onWake: (given) => {
      wake = given;
      if (isWanted) given();
    },
  };
}

function within(milliseconds: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work.then(done, done);
  });
}

function describe(error: unknown): string {
  if (!isLatchkeyError(error)) return error instanceof Error ? error.message : String(error);
  return error.hint === undefined ? error.message : `${error.message}\n  hint: ${error.hint}`;
}
