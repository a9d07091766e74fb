import { resolve } from 'node:path';
import { isLatchkeyError, LatchkeyError, writeFileAtomic } from '../kit/index.ts';
import { locateServerConfig } from '../myproxy/index.ts';
import { enterBackground, isBackground, startInBackground, tellStarter } from './background.ts';
import { legacyLogFiles } from './legacy-log-files.ts';
import { readLegacySettings } from './legacy-settings.ts';
import { type PidFile, tryPidFile } from './pid-file.ts';
import { type RunningServer, startServer } from './server.ts';
import { DEFAULTS, type ServerSettings } from './settings.ts';
import { locateStorage } from './storage-location.ts';

const ROOT_PID_FILE = '/run/myproxy.pid';

/** The options of `myproxy-server`. Paths may be relative to the current directory. */
export interface LegacyServerOptions {
  /** `-c`; default `/etc/myproxy-server.config`, else `$GLOBUS_LOCATION/etc/myproxy-server.config`. */
  readonly config?: string | undefined;
  /** `-s` */
  readonly storage?: string | undefined;
  /** `-l` */
  readonly listen?: string | undefined;
  /** `-p`; default `MYPROXY_SERVER_PORT`, else 7512; 0 = the kernel chooses. */
  readonly port?: number | undefined;
  /** `-P`; default `/run/myproxy.pid` for root. */
  readonly pidFile?: string | undefined;
  /** `-z` */
  readonly portFile?: string | undefined;
  /** `-d`: foreground, one connection, log to standard error. */
  readonly debug?: boolean | undefined;
  /** `-v` */
  readonly verbose?: boolean | undefined;
  /** The program's name in log lines; default `myproxy-server`. */
  readonly ident?: string | undefined;
  /** Log file of the background process; default `LATCHKEY_LOG`, else a place of the system's or the user's own. */
  readonly logFile?: string | undefined;
}

/**
 * Runs the server as `myproxy-server` does. Without `-d` it starts itself again in the background and waits until that
 * one serves.
 *
 * @returns the exit status: of the starter, or of the server when it has ended
 */
export async function runLegacyServer(options: LegacyServerOptions): Promise<number> {
  if (options.debug === true) return serve(options, complain);
  if (!isBackground()) return startInBackground();
  enterBackground();
  return serve(options, tellStarter);
}

/** @param tell hears once that the server serves, or why it does not */
async function serve(options: LegacyServerOptions, tell: (error?: string) => Promise<void>): Promise<number> {
  let server: RunningServer;
  let pidFile: PidFile | undefined;
  try {
    ({ server, pidFile } = await start(options));
  } catch (error) {
    await tell(describe(error));
    return 1;
  }
  await tell();
  // A daemon has no terminal to die on: the last words go to its log, which is written out at exit.
  process.on('uncaughtExceptionMonitor', (error) =>
    server.log('error', `Failure: ${error.stack ?? error.message}`),
  );
  await untilStopped(server);
  await server.close();
  await pidFile?.remove();
  return 0;
}

async function start(
  options: LegacyServerOptions,
): Promise<{ server: RunningServer; pidFile: PidFile | undefined }> {
  const config = resolve(options.config ?? (await locateServerConfig()) ?? noConfig());
  const given = await fixedSettings(options);
  const pidPath = options.pidFile ?? (process.getuid?.() === 0 ? ROOT_PID_FILE : undefined);
  const pidFile = pidPath === undefined ? undefined : resolve(pidPath);
  const portFile = options.portFile === undefined ? undefined : resolve(options.portFile);
  const reread = async (): Promise<ServerSettings> => ({
    ...(await readLegacySettings(config, options.ident)),
    ...given,
  });
  const server = await startServer(await reread(), {
    reread,
    ...(options.debug === true ? { maxConversations: 1 } : {}),
  });
  try {
    const written =
      pidFile === undefined
        ? undefined
        : await tryPidFile(pidFile, (line) => process.stderr.write(`${line}\n`));
    if (portFile !== undefined) await writeFileAtomic(portFile, `${server.address.port}\n`, 0o644);
    if (options.debug !== true) process.chdir('/');
    return { server, pidFile: written };
  } catch (error) {
    await server.close(0);
    throw error;
  }
}

/** What the command line decides, whatever the configuration says on reload. */
async function fixedSettings(
  options: LegacyServerOptions,
): Promise<Pick<ServerSettings, 'listen' | 'storage' | 'log' | 'auditFile'>> {
  const port = options.port ?? Number(process.env.MYPROXY_SERVER_PORT ?? DEFAULTS.port);
  const level = options.debug === true || options.verbose === true ? 'debug' : 'info';
  const files = options.debug === true ? {} : await legacyLogFiles(options.logFile);
  return {
    listen: { host: options.listen, port, minTls: 'TLSv1.2', maxTls: 'TLSv1.2' },
    storage: options.storage === undefined ? await locateStorage() : resolve(options.storage),
    log: { file: files.log, format: 'text', level },
    auditFile: files.audit,
  };
}

/** SIGTERM and SIGINT end the server; SIGHUP makes it read its configuration again. */
async function untilStopped(server: RunningServer): Promise<void> {
  // A reload that fails is in the log, and the old rules stay in force.
  const onHangUp = (): void => void server.reload().catch(() => {});
  let stop: () => void = () => {};
  const stopped = new Promise<void>((done) => {
    stop = done;
  });
  process.on('SIGHUP', onHangUp);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  await Promise.race([stopped, server.ended]);
  process.removeListener('SIGHUP', onHangUp);
  process.removeListener('SIGTERM', stop);
  process.removeListener('SIGINT', stop);
}

function noConfig(): never {
  throw new LatchkeyError('config/missing', 'no configuration file was found', {
    hint: 'name one with -c; the usual place is /etc/myproxy-server.config',
  });
}

async function complain(error?: string): Promise<void> {
  if (error !== undefined) process.stderr.write(`${error}\n`);
}

function describe(error: unknown): string {
  if (!isLatchkeyError(error)) return `Exiting. ${error instanceof Error ? error.message : error}`;
  return `${error.message}${error.hint === undefined ? '' : `\n  hint: ${error.hint}`}\nExiting.`;
}
