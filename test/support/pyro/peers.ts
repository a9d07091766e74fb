import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { havePeers } from '../peers.ts';
import { endTree } from '../processes.ts';
import { endsWith, repositoryRoot } from '../workspace.ts';

const PYTHON = '/usr/bin/python3';
const here = join(repositoryRoot, 'test/support/pyro');

/** True when Debian's Pyro4 is installed; else the test is skipped, as {@link havePeers} does. */
export function havePyro4(t: TestContext): boolean {
  return havePeers(t, 'pyro4-ns');
}

/** Where a checkout of Pyro5 is, for runs by hand: it is in no Debian release we test on. */
const pyro5Path: string | undefined = process.env.LATCHKEY_PYRO5;

/** The versions that the tests of both are run with. */
export const pyroVersions: readonly (4 | 5)[] = pyro5Path === undefined ? [4] : [4, 5];

export interface DaemonOptions {
  readonly version?: 4 | 5;
  readonly unix?: string;
  readonly hmacKey?: string;
  readonly port?: number;
  readonly more?: readonly string[];
}

export interface RunningDaemon {
  readonly uri: string;
  readonly pid: number;
  /** Ends it at once, or freezes it and lets it go on. */
  signal(signal: NodeJS.Signals): void;
  end(): Promise<void>;
}

/** A real Pyro daemon that serves the object `echo` of daemon.py, in a directory of the test's. */
export async function startDaemon(
  t: Pick<TestContext, 'after'>,
  directory: string,
  options: DaemonOptions = {},
): Promise<RunningDaemon> {
  daemons += 1;
  const uriFile = join(directory, `daemon-${daemons}.uri`);
  const argv = [join(here, 'daemon.py'), String(options.version ?? 4), uriFile, ...(options.more ?? [])];
  if (options.unix !== undefined) argv.push(`unix:${options.unix}`);
  if (options.port !== undefined) argv.push(`port:${options.port}`);
  if (options.hmacKey !== undefined) argv.push(`hmac:${keyFile(directory, options.hmacKey)}`);
  const child = spawn(PYTHON, argv, { stdio: ['ignore', 'inherit', 'pipe'], env: environment() });
  let trouble = '';
  child.stderr?.on('data', (chunk) => {
    trouble += chunk;
  });
  const pid = child.pid ?? 0;
  const end = () => endTree(pid, directory);
  endsWith(t, directory, end);
  while (!existsSync(uriFile)) {
    if (child.exitCode !== null) throw new Error(`the Pyro daemon ended: ${trouble}`);
    await delay(10);
  }
  return {
    uri: readFileSync(uriFile, 'utf8'),
    pid,
    signal: (signal) => void child.kill(signal),
    end,
  };
}

/** What the Python client says of a step. */
interface PythonAnswer {
  readonly value?: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly args?: readonly unknown[];
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly traceback?: boolean;
}

export interface PythonClient {
  /** One step of client.py. */
  step(step: Readonly<Record<string, unknown>>): Promise<PythonAnswer>;
  end(): Promise<void>;
}

/** A real Pyro client for an object of ours. */
export function startClient(
  t: Pick<TestContext, 'after'>,
  directory: string,
  uri: string,
  options: { version?: 4 | 5; serializer?: string; hmacKey?: string; more?: readonly string[] } = {},
): PythonClient {
  const argv = [join(here, 'client.py'), String(options.version ?? 4), uri, options.serializer ?? 'serpent'];
  argv.push(...(options.more ?? []));
  if (options.hmacKey !== undefined) argv.push(`hmac:${keyFile(directory, options.hmacKey)}`);
  const child: ChildProcess = spawn(PYTHON, argv, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...environment(), LATCHKEY_TEST_MARK: directory },
  });
  const end = async () => {
    child.stdin?.end();
    await endTree(child.pid ?? 0, directory);
  };
  endsWith(t, directory, end);
  const waiting: ((answer: PythonAnswer) => void)[] = [];
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line)));
  child.once('exit', () => {
    for (const answer of waiting.splice(0)) answer({ error: 'ended', message: 'the Python client ended' });
  });
  return {
    step: (step) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        child.stdin?.write(`${JSON.stringify(step)}\n`);
      }),
    end,
  };
}

let daemons = 0;
let keys = 0;

function keyFile(directory: string, key: string): string {
  keys += 1;
  const path = join(directory, `hmac-${keys}.key`);
  writeFileSync(path, key, { mode: 0o600 });
  return path;
}

/** Debian's own python, without what a user's environment may have set for it. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...(pyro5Path === undefined ? {} : { PYTHONPATH: pyro5Path }) };
}
