import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { findProgram } from '../support/peers.ts';
import { endsWith } from '../support/workspace.ts';

/** What a command said and how it ended. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a person who has nothing configured, and whose proxy goes into `directory`. */
export function personIn(directory: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: directory,
    LOGNAME: 'nobody-in-particular',
    TZ: 'UTC',
    X509_USER_PROXY: join(directory, 'proxy.pem'),
  };
}

/** Runs `latchkey` in a directory, without a terminal. */
export function latchkey(
  directory: string,
  argv: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Run {
  const run = spawnSync(
    findProgram('setsid') ?? 'setsid',
    ['-w', process.execPath, latchkeyExecutable, ...argv],
    {
      cwd: directory,
      env: { ...personIn(directory), ...options.env },
      input: options.input ?? '',
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** A `latchkey serve` that runs. */
export interface Served {
  readonly process: ChildProcess;
  /** What it has printed on standard output so far. */
  readonly output: () => string;
  readonly port: number;
  /** Milliseconds from its start until it listened. */
  readonly startedInMs: number;
  /** Sends a signal and waits for the end; resolves to the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `latchkey serve` in a directory and waits until it listens; it is stopped after the test. */
export async function serve(
  t: Pick<TestContext, 'after'>,
  directory: string,
  argv: readonly string[] = ['--listen', 'localhost'],
  env: NodeJS.ProcessEnv = {},
): Promise<Served> {
  const started = performance.now();
  const child = spawn(process.execPath, [latchkeyExecutable, 'serve', ...argv], {
    cwd: directory,
    env: { ...personIn(directory), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const ended = once(child, 'exit');
  endsWith(t, directory, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const listening =
    /listening on \S+?:(\d+)[\s\S]*\^C stops it|· \S+\.config\n[\s\S]*listening on \S+?:(\d+)|"port":(\d+)/;
  const deadline = started + 30_000;
  while (!listening.test(output)) {
    if (child.exitCode !== null || performance.now() > deadline) {
      throw new Error(`latchkey serve did not start (${child.exitCode}): ${output}${errors}`);
    }
    await delay(20);
  }
  const match = listening.exec(output);
  return {
    process: child,
    output: () => output,
    port: Number(match?.[1] ?? match?.[2] ?? match?.[3]),
    startedInMs: performance.now() - started,
    stop: async (signal = 'SIGINT') => {
      child.kill(signal);
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}

/** Takes the usual MyProxy port, unless somebody has it already: either way it is busy. */
export async function occupyUsualPort(t: Pick<TestContext, 'after'>): Promise<void> {
  const server = createServer();
  const held = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(7512, 'localhost', () => resolve(true));
  });
  if (held) t.after(() => new Promise((resolve) => server.close(resolve)));
}
