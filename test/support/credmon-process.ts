import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from './credential-directory.ts';
import { linkOurTools } from './our-tools.ts';
import { endsWith, workspace } from './workspace.ts';

/** A monitor that runs as a process of its own, as condor_master starts it, in private directories. */
export interface CredmonProcess {
  readonly base: string;
  /** The credential directory. */
  readonly path: string;
  readonly logFile: string;
  readonly child: ChildProcess;
  readonly stderr: () => string;
  /** Status, or the name of the signal. */
  readonly ended: Promise<number | string>;
  log(): string;
  /** Settles when this process has made its first pass; what one before it left does not count. */
  complete(): Promise<void>;
}

/** How {@link startCredmonProcess} starts one. */
export interface CredmonProcessSetup {
  /** More lines of HTCondor's configuration. */
  readonly config?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Use these directories of an earlier one. */
  readonly base?: string;
  /** Mode of the credential directory; `undefined` = it is not made. */
  readonly mode?: number | undefined;
  readonly before?: (base: string) => void;
}

/** Starts `condor_credmon_oauth`; killed after the test if it still runs. */
export function startCredmonProcess(t: TestContext, setup: CredmonProcessSetup = {}): CredmonProcess {
  let stop: () => Promise<unknown> = () => Promise.resolve();
  const base = setup.base ?? workspace(t);
  endsWith(t, base, () => stop());
  const path = join(base, 'credentials');
  const mode = 'mode' in setup ? setup.mode : 0o2770;
  if (mode !== undefined && !existsSync(path)) {
    mkdirSync(path);
    chmodSync(path, mode);
  }
  const logFile = join(base, 'CredMonOAuthLog');
  const config = join(base, 'condor_config');
  writeFileSync(
    config,
    [
      `SEC_CREDENTIAL_DIRECTORY_OAUTH = ${path}`,
      `CREDMON_OAUTH_LOG = ${logFile}`,
      `LOCAL_CREDMON_PRIVATE_KEY = ${base}/scitokens-private.pem`,
      `LOCAL_CREDMON_PUBLIC_KEY = ${base}/scitokens.pem`,
      'LOCAL_CREDMON_TOKEN_AUDIENCE = https://data.example',
      'LOCAL_CREDMON_ISSUER = https://ap.example',
      ...(setup.config ?? []),
      '',
    ].join('\n'),
  );
  setup.before?.(base);
  const bin = join(base, 'bin');
  if (!existsSync(bin)) linkOurTools(bin, ['condor_credmon_oauth', 'condor_credmon_vault']);
  const child = spawn(join(bin, 'condor_credmon_oauth'), setup.args ?? [], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, CONDOR_CONFIG: config, ...setup.env },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  stop = () => {
    child.kill('SIGKILL');
    return ended;
  };
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  return {
    base,
    path,
    logFile,
    child,
    stderr: () => stderr,
    ended,
    log,
    complete: async () => {
      await until(() => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${stderr}${log()}`);
        return log().includes(`process ${child.pid}`) && existsSync(join(path, 'CREDMON_COMPLETE'));
      }, 'CREDMON_COMPLETE');
    },
  };
}
