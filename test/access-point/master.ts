import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from './pool.ts';

/** How a monitor's process ended. */
export interface MonitorExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds since it was started. */
  readonly afterMs: number;
  readonly output: string;
}

/** Exit codes that condor_master knows: do not start it again. */
const DO_NOT_RESTART = 99;

const KEPT_OUTPUT = 200_000;

/**
 * condor_master, as far as a monitor sees it: starts it with no arguments in `LOG`, without a terminal, with the
 * environment of a daemon; starts it again after it has died; ends it by SIGTERM.
 */
export class Master {
  readonly #pool: Pool;
  readonly #program: string;
  readonly #config: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #started = new Set<number>();
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #isStopping = false;
  #exit: Promise<MonitorExit> | undefined;
  /** How each process so far has ended. */
  readonly exits: MonitorExit[] = [];
  /** The session key in `CONDOR_PRIVATE_INHERIT`: nobody may see it again. */
  readonly sessionKey: string = randomBytes(24).toString('hex');

  /** @param environment variables of the machine the monitor also gets, such as a trusted CA */
  constructor(pool: Pool, program: string, config: string, environment: NodeJS.ProcessEnv = {}) {
    this.#pool = pool;
    this.#program = program;
    this.#config = config;
    this.#environment = environment;
  }

  /** Starts the monitor, and again whenever it dies. The master clears `CREDMON_COMPLETE` when it starts itself. */
  start(): void {
    rmSync(join(this.#pool.directory, 'CREDMON_COMPLETE'), { force: true });
    this.#isStopping = false;
    this.#spawn();
  }

  /** The process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the process that runs now has ended. */
  ended(): Promise<MonitorExit> {
    if (this.#exit === undefined) throw new TypeError('no monitor was started');
    return this.#exit;
  }

  /** `kill`, but only for processes that this master has started and that are running. */
  signal(pid: number, signal: NodeJS.Signals): boolean {
    if (!this.#started.has(pid) || this.#child?.pid !== pid || this.#child.exitCode !== null) return false;
    return this.#child.kill(signal);
  }

  /** `condor_off`: SIGTERM, and no restart. Kills after `patienceMs`. */
  async stop(patienceMs = 10_000): Promise<MonitorExit | undefined> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined || this.#exit === undefined) return undefined;
    const hard = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    child.kill('SIGTERM');
    const exit = await this.#exit;
    clearTimeout(hard);
    return exit;
  }

  #spawn(): void {
    const startedAt = Date.now();
    const address = '<127.0.0.1:9618?addrs=127.0.0.1-9618&alias=ap&noUDP&sock=master>';
    const child = spawn(this.#program, [], {
      cwd: this.#pool.logDirectory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        ...this.#environment,
        CONDOR_CONFIG: this.#config,
        CONDOR_INHERIT: `${process.pid} ${address} 0 0`,
        CONDOR_PARENT_ID: `ap:${process.pid}:${Math.floor(startedAt / 1000)}`,
        CONDOR_PROCD_ADDRESS: join(this.#pool.logDirectory, 'procd_pipe'),
        CONDOR_PRIVATE_INHERIT: `SessionKey:[Encryption="YES";]${this.sessionKey}`,
      },
    });
    this.#child = child;
    if (child.pid !== undefined) this.#started.add(child.pid);
    this.#pool.tell('condor_master', `started ${this.#program.split('/').at(-1)} as process ${child.pid}`);
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = `${output}${chunk.toString('utf8')}`.slice(-KEPT_OUTPUT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#exit = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        const exit = { code, signal, afterMs: Date.now() - startedAt, output };
        if (this.#child === child) this.#child = undefined;
        this.exits.push(exit);
        resolve(exit);
        if (this.#isStopping || code === DO_NOT_RESTART) return;
        this.#restart = setTimeout(() => this.#spawn(), this.#pool.paces.restartDelayMs);
      };
      child.once('error', (error) => {
        output += error.message;
        end(null, null);
      });
      child.once('close', end);
    });
  }
}
