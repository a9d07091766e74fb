import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { findProgram } from '../support/peers.ts';

/** What a tool said and how it ended. */
export interface ToolRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a tool is run. */
export interface ToolRunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly cwd?: string;
}

/** Runs our tool or the installed one with the same arguments; there is no terminal. */
export function runTool(
  whose: 'ours' | 'C',
  tool: string,
  argv: readonly string[],
  options: ToolRunOptions,
): ToolRun {
  const [program, args] =
    whose === 'ours'
      ? [process.execPath, [latchkeyExecutable, 'tool', tool, ...argv]]
      : [findProgram(tool) ?? tool, argv];
  // `setsid` takes the terminal away from both, so that prompts go where they go in a cron job.
  const run = spawnSync('setsid', ['-w', program, ...args], {
    env: { TZ: 'UTC', PATH: process.env.PATH, ...options.env },
    input: options.input ?? '',
    encoding: 'utf8',
    timeout: 60_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** An environment in which nothing is found but what is in `directory`: no server, no trust, no credential, no shared /tmp file. */
export function bareEnvironment(directory: string): NodeJS.ProcessEnv {
  return {
    HOME: directory,
    LOGNAME: 'jane',
    X509_CERT_DIR: join(directory, 'no-certificates'),
    X509_USER_PROXY: join(directory, 'no-proxy'),
    X509_USER_CERT: join(directory, 'no-cert'),
    X509_USER_KEY: join(directory, 'no-key'),
  };
}
