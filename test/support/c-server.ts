import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Grid, GridIdentity } from './grid.ts';
import { findProgram } from './peers.ts';

/** A running C `myproxy-server` on loopback. */
export interface CServer {
  /** `localhost`, as in the host certificate. */
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Its storage directory (0700). */
  readonly storage: string;
  readonly configFile: string;
  /** An environment for clients of it: server, port, trust directory, and no credential of their own. */
  readonly env: NodeJS.ProcessEnv;
  /** Stops it now; also done after the test. */
  stop(): Promise<void>;
}

export interface CServerOptions {
  /** The whole server configuration; default {@link openConfig} without trust roots. */
  readonly config?: string;
  /** More environment for the server, such as `GLOBUS_GSSAPI_MAX_TLS_PROTOCOL: 'TLS1_2_VERSION'`. */
  readonly env?: NodeJS.ProcessEnv;
  /** The server's own credential; default the grid's host. */
  readonly credential?: GridIdentity;
  /** Another program that takes the C server's options: ours, under its name. Default the installed one. */
  readonly program?: string;
  /** An existing storage directory; default a new empty one. */
  readonly storage?: string;
}

/** A configuration that lets everybody store and retrieve, and leaves renewal and trust to each credential. */
export function openConfig(trustRoots?: string): string {
  return [
    'accepted_credentials "*"',
    'authorized_retrievers "*"',
    'default_retrievers "*"',
    'authorized_renewers "*"',
    'default_renewers "none"',
    'authorized_key_retrievers "*"',
    'default_key_retrievers "none"',
    'trusted_retrievers "*"',
    'default_trusted_retrievers "none"',
    ...(trustRoots === undefined ? [] : [`cert_dir ${trustRoots}`]),
    '',
  ].join('\n');
}

/** Starts a C server in a private directory of the grid; it listens when this resolves. Check `havePeers(t, 'myproxy-server')` first. */
export async function startCServer(
  t: Pick<TestContext, 'after'>,
  grid: Grid,
  options: CServerOptions = {},
): Promise<CServer> {
  const program = options.program ?? findProgram('myproxy-server');
  if (program === undefined) throw new Error('myproxy-server is not installed');
  const directory = mkdtempSync(join(grid.directory, 'c-server-'));
  const path = (name: string) => join(directory, name);
  const storage = options.storage ?? path('store');
  mkdirSync(storage, { recursive: true, mode: 0o700 });
  writeFileSync(path('server.config'), options.config ?? openConfig());
  const credential = options.credential ?? grid.host;
  await launch(
    program,
    [
      ...['-s', storage, '-c', path('server.config'), '-l', 'localhost', '-p', '0'],
      ...['-P', path('pid'), '-z', path('port')],
    ],
    path('stderr'),
    {
      PATH: process.env.PATH,
      HOME: directory,
      LATCHKEY_LOG: path('server.log'),
      X509_CERT_DIR: grid.trustDirectory,
      X509_USER_CERT: credential.certificate,
      X509_USER_KEY: credential.key,
      ...options.env,
    },
  );
  const pid = await readNumber(path('pid'));
  const stop = () => stopProcess(pid);
  t.after(stop);
  const port = await readNumber(path('port'));
  const nowhere = path('nowhere');
  return {
    host: 'localhost',
    port,
    pid,
    storage,
    configFile: path('server.config'),
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      LOGNAME: 'jane',
      MYPROXY_SERVER: 'localhost',
      MYPROXY_SERVER_PORT: String(port),
      X509_CERT_DIR: grid.trustDirectory,
      X509_USER_PROXY: nowhere,
      X509_USER_CERT: nowhere,
      X509_USER_KEY: nowhere,
    },
    stop,
  };
}

/**
 * Runs the program until it has put itself into the background. Its standard input must not be one of Node's pipes:
 * those are sockets, and on a socket the server serves one connection as inetd's child.
 */
async function launch(
  program: string,
  args: readonly string[],
  log: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const stderr = openSync(log, 'w');
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', stderr], timeout: 20_000 });
  closeSync(stderr);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`myproxy-server ended with ${code}: ${readFileSync(log, 'utf8')}`);
}

/** The server writes these files just after its starter has ended. */
async function readNumber(file: string): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      const number = Number(readFileSync(file, 'utf8').trim());
      if (Number.isInteger(number) && number > 0) return number;
    } catch {}
    await delay(50);
  }
  throw new Error(`myproxy-server did not write ${file} within 5 s`);
}

async function stopProcess(pid: number): Promise<void> {
  const signal = (name: NodeJS.Signals | 0) => {
    try {
      process.kill(pid, name);
      return true;
    } catch {
      return false;
    }
  };
  if (!signal('SIGTERM')) return;
  for (let tries = 0; tries < 40; tries += 1) {
    if (!signal(0)) return;
    await delay(50);
  }
  signal('SIGKILL');
}
