import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { type Clock, isLatchkeyError, LatchkeyError, systemClock } from '../../kit/index.ts';
import { type FailureKind, failureKind, retryDelayMs } from '../back-off.ts';
import { commandStopped, DEFAULT_TIMEOUT_MS } from '../command-error.ts';
import { CHECKSUM_SCRIPT, type SshConnection } from '../connection.ts';
import { ConnectionFiles } from '../connection-files.ts';
import type { Forward } from '../forward/forward.ts';
import { type ForwardHost, Forwards } from '../forward/forwards.ts';
import { checkForward, type ForwardSpec } from '../forward/spec.ts';
import type { SshOptions } from '../options.ts';
import type { RemoteFiles } from '../remote-files.ts';
import { endCommand, type SessionHost, spawnSession, startSession } from '../session.ts';
import { runInSession } from '../session-command.ts';
import { type CommandText, commandBody, MAX_FRAMED_INPUT_BYTES } from '../shell/frame.ts';
import { LanePool } from '../shell/pool.ts';
import type { SshState, SshStatus } from '../supervisor.ts';
import { describeTarget } from '../target.ts';
import type { CommandOptions, CommandResult, RunningProgram } from '../transport.ts';
import { ChannelProcess } from './channel-process.ts';
import { Ssh2Forwarding } from './forwarding.ts';
import { checkSsh2Options, logIn, type Ssh2Login } from './login.ts';
import { loadSsh2, type Ssh2Module } from './ssh2-module.ts';

/**
 * As {@link import('../connection.ts').openSsh}, in this process and without any program: over the npm package `ssh2`, an optional peer. For
 * machines without an `ssh`. It reads no configuration file, knows neither certificates nor Kerberos (GSSAPI) nor security keys, and has no
 * dynamic forwards; all data is encrypted on the event loop.
 *
 * @throws LatchkeyError `ssh/unsupported` for what it cannot do or when the package is missing; `ssh/unreachable`, `ssh/host-key`, `ssh/denied`
 */
export async function openSsh2(options: SshOptions): Promise<SshConnection> {
  checkSsh2Options(options);
  const ssh2 = await loadSsh2();
  const connection = new Connection(ssh2, options);
  await connection.open();
  return connection;
}

/** A login, and what rides on it. */
interface Standing {
  readonly login: Ssh2Login;
  readonly host: SessionHost;
  readonly shells: LanePool;
  readonly forwarding: Ssh2Forwarding;
}

class Connection implements SshConnection {
  readonly description: string;
  readonly files: RemoteFiles;
  readonly #ssh2: Ssh2Module;
  readonly #options: SshOptions;
  readonly #clock: Clock;
  readonly #files: ConnectionFiles;
  readonly #forwards: Forwards;
  readonly #listeners = new Set<(status: SshStatus) => void>();
  readonly #closing = new AbortController();
  #status: SshStatus;
  #standing: Standing | undefined;
  #logins = 0;

  constructor(ssh2: Ssh2Module, options: SshOptions) {
    this.#ssh2 = ssh2;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#status = { state: 'connecting', since: this.#clock.now(), reconnects: 0 };
    this.#forwards = new Forwards(this.#clock, options.forwardCheckSeconds);
    this.description = `ssh2 ${describeTarget(options.target)}`;
    this.#files = new ConnectionFiles({
      host: async () => (await this.#ready({})).host,
      checksum: (...args) => this.#checksum(...args),
    });
    this.files = this.#files;
  }

  get state(): SshState {
    return this.#status.state;
  }

  get status(): SshStatus {
    return this.#status;
  }

  get forwards(): readonly Forward[] {
    return this.#forwards.list;
  }

  subscribe(listener: (status: SshStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.#run({ kind: 'program', argv }, options);
  }

  script(text: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.#run({ kind: 'script', text, args }, options);
  }

  async start(argv: readonly string[], options: CommandOptions = {}): Promise<RunningProgram> {
    const command = { kind: 'program', argv } as const;
    commandBody(command, options);
    return startSession((await this.#ready(options)).host, command, options);
  }

  async forward(spec: ForwardSpec, options: { readonly prove?: boolean } = {}): Promise<Forward> {
    checkForward(spec);
    return this.#forwards.open(spec, this.#forwardHost(await this.#ready({})), options.prove ?? true);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    await this.#forwards.closeAll();
    this.#closing.abort();
    const standing = this.#standing;
    this.#standing = undefined;
    this.#enter({ state: 'closed' });
    this.#files.close();
    standing?.shells.close();
    standing?.login.end();
    await standing?.login.ended;
  }

  /** Logs in for the first time; a failure is told and not tried again. */
  async open(signal = this.#options.signal): Promise<void> {
    const login = await logIn(this.#ssh2, this.#options, signal);
    if (this.#closing.signal.aborted) return login.end();
    this.#logins += 1;
    let lost: LatchkeyError | undefined;
    const host: SessionHost = {
      program: '',
      env: {},
      // Tells logins apart; there is no socket.
      controlPath: `ssh2:${this.#logins}`,
      lostCause: () => lost,
      isAlive: async () => lost === undefined,
      spawn: (words) => new ChannelProcess(login.client, words) as unknown as ChildProcessWithoutNullStreams,
    };
    const shells = new LanePool({
      open: () => spawnSession(host, ['--', 'latchkey', 'exec /bin/sh']),
      endCommand: (shellPid, graceSeconds) => endCommand(host, shellPid, graceSeconds),
      lostCause: host.lostCause,
      isAlive: host.isAlive,
    });
    const standing: Standing = {
      login,
      host,
      shells,
      forwarding: new Ssh2Forwarding(login.client, () => this.#forwards.alarm()),
    };
    this.#standing = standing;
    this.#enter({ state: 'ready', reconnects: this.#logins - 1 });
    this.#forwards.attach(this.#forwardHost(standing));
    void login.ended.then((cause) => {
      lost = cause;
      shells.close();
      if (this.#standing !== standing) return;
      this.#standing = undefined;
      this.#enter({ state: 'reconnecting', cause });
      this.#forwards.detach(cause);
      void this.#again();
    });
  }

  async #again(): Promise<void> {
    const { signal } = this.#closing;
    let kind: FailureKind = 'unreachable';
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const pause = retryDelayMs(attempt, kind, Math.random());
      this.#status = { ...this.#status, retryAt: new Date(this.#clock.now().getTime() + pause) };
      await this.#clock.sleep(pause, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        return await this.open(signal);
      } catch (error) {
        if (signal.aborted) return;
        const cause = isLatchkeyError(error)
          ? error
          : new LatchkeyError('ssh/unreachable', String(error), { cause: error, retryable: true });
        kind = failureKind(kind, cause);
        this.#enter({ state: 'reconnecting', cause });
      }
    }
  }

  /** The login, once there is one. @throws LatchkeyError `ssh/lost` when the next attempt fails, or comes too late */
  async #ready(options: CommandOptions): Promise<Standing> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    const cancelled = () => commandStopped('cancelled', options, 'no');
    if (signal?.aborted) throw cancelled();
    if (this.#standing !== undefined) return this.#standing;
    const gone = () =>
      new LatchkeyError(
        'ssh/lost',
        `${describeTarget(this.#options.target)} ${this.state === 'closed' ? 'is closed' : 'cannot be reached again'}`,
        { retryable: this.state !== 'closed', details: { ran: 'no' }, cause: this.#status.cause },
      );
    if (this.state === 'closed') throw gone();
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        unsubscribe();
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: unknown) => {
        end();
        reject(error);
      };
      const onAbort = () => fail(cancelled());
      const timer = setTimeout(() => fail(gone()), Math.min(timeoutMs, 2 ** 31 - 1));
      const unsubscribe = this.subscribe(() => {
        if (this.#standing === undefined) return fail(gone());
        end();
        resolve(this.#standing);
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  async #run(command: CommandText, options: CommandOptions): Promise<CommandResult> {
    // Misuse is told before anything is connected.
    commandBody(command, options);
    const { host, shells } = await this.#ready(options);
    if (options.input !== undefined && Buffer.byteLength(options.input) > MAX_FRAMED_INPUT_BYTES)
      return runInSession(host, command, options);
    return shells.run(command, options);
  }

  #forwardHost({ forwarding, shells }: Standing): ForwardHost {
    return {
      mux: forwarding,
      prober: forwarding,
      own: { port: this.#options.target.port ?? 22 },
      removeSocket: async (path) => {
        await this.script('if [ -S "$1" ]; then rm -f -- "$1"; fi', [path], { timeoutMs: 10_000 });
      },
      prepareRemote: () => shells.warm(),
    };
  }

  /** SHA-256 of a file over there, or of its first bytes; undefined when that machine cannot tell. */
  async #checksum(path: string, bytes?: number): Promise<string | undefined> {
    const words = [path.startsWith('-') ? `./${path}` : path, bytes === undefined ? '' : String(bytes)];
    const { exitCode, stdout } = await this.script(CHECKSUM_SCRIPT, words, { timeoutMs: 600_000 });
    const sum = /^([0-9a-f]{64})\b/.exec(stdout.toString('latin1'))?.[1];
    return exitCode === 0 ? sum : undefined;
  }

  #enter(next: { state: SshState; cause?: LatchkeyError; reconnects?: number }): void {
    const { state, cause, reconnects = this.#status.reconnects } = next;
    this.#status = { state, since: this.#clock.now(), cause, reconnects };
    for (const listener of [...this.#listeners]) listener(this.#status);
  }
}
