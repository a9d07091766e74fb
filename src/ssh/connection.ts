import { isLatchkeyError, LatchkeyError, systemClock } from '../kit/index.ts';
import { commandStopped, DEFAULT_TIMEOUT_MS } from './command-error.ts';
import { ConnectionFiles } from './connection-files.ts';
import type { Forward } from './forward/forward.ts';
import { type ForwardHost, Forwards } from './forward/forwards.ts';
import { checkForward, type ForwardSpec } from './forward/spec.ts';
import type { SshOptions } from './options.ts';
import type { RemoteFiles } from './remote-files.ts';
import { endCommand, type SessionHost, spawnSession, startSession } from './session.ts';
import { runInSession } from './session-command.ts';
import { type CommandText, commandBody, MAX_FRAMED_INPUT_BYTES } from './shell/frame.ts';
import { LanePool } from './shell/pool.ts';
import { type SshState, type SshStatus, Supervisor } from './supervisor.ts';
import { describeTarget } from './target.ts';
import { attachTerminal } from './terminal.ts';
import type { CommandOptions, CommandResult, RunningProgram, Transport } from './transport.ts';

/** A supervised connection to one machine. */
export interface SshConnection extends Transport {
  readonly state: SshState;
  readonly status: SshStatus;
  /** Calls back at each change of state; returns what ends that. */
  subscribe(listener: (status: SshStatus) => void): () => void;
  /**
   * Opens a forward; it is kept until it is closed, also over losses of the connection. When this resolves it listens, and its state says
   * whether connections arrive: `proven`, or `degraded` with the cause. `prove: false` = make no connection to find that out.
   *
   * @throws TypeError; LatchkeyError `ssh/forward` (`details.reason` = `taken`, `forbidden`, `refused`, `exists`, `too-many`), `ssh/lost`
   */
  forward(spec: ForwardSpec, options?: { readonly prove?: boolean }): Promise<Forward>;
  /** Those that are not closed. */
  readonly forwards: readonly Forward[];
  /**
   * Gives this process's terminal to a login shell there, and resolves to its exit code. Absent without an ssh program.
   *
   * @throws LatchkeyError `ssh/lost`
   */
  attachTerminal?(): Promise<number>;
}

/**
 * Logs in and stays logged in, until it is closed: one ssh process in the background, on which commands, files and forwards ride.
 *
 * @throws LatchkeyError `ssh/unreachable`, `ssh/host-key`, `ssh/denied`, `ssh/program`, `ssh/unsupported`
 */
export async function openSsh(options: SshOptions): Promise<SshConnection> {
  const hooks = { onMaster: () => {}, onLost: () => {}, onLine: (_: string) => {} };
  const forwards = new Forwards(options.clock ?? systemClock, options.forwardCheckSeconds);
  const supervisor = await Supervisor.start(options, {
    onMaster: () => hooks.onMaster(),
    onLost: () => hooks.onLost(),
    onLine: (line) => hooks.onLine(line),
  });
  const connection = new Connection(
    `${options.program ?? 'ssh'} ${describeTarget(options.target)}`,
    supervisor,
    forwards,
    options.target.port ?? 22,
  );
  hooks.onLost = () => connection.lost();
  hooks.onMaster = () => connection.again();
  hooks.onLine = (line) => {
    if (FAILED_CONNECTION.test(line)) forwards.alarm();
  };
  return connection;
}

/** What ssh says when somebody's connection through a forward did not arrive: over there, or here. */
const FAILED_CONNECTION = /^(?:channel \d+: open failed: |connect[_ ]to )/;

/** A command that certainly did not run is given to the next login, so often. */
const MAX_ATTEMPTS = 3;

export const CHECKSUM_SCRIPT = `
if command -v sha256sum >/dev/null; then sum='sha256sum'
elif command -v shasum >/dev/null; then sum='shasum -a 256'
elif command -v sha256 >/dev/null; then sum='sha256 -q'
else exit 1; fi
if [ -n "$2" ]; then head -c "$2" < "$1" | $sum; else $sum < "$1"; fi
`;

class Connection implements SshConnection {
  readonly description: string;
  readonly files: RemoteFiles;
  readonly #supervisor: Supervisor;
  readonly #files: ConnectionFiles;
  readonly #forwards: Forwards;
  /** The server's own. */
  readonly #port: number;
  #shells: { readonly controlPath: string; readonly pool: LanePool } | undefined;

  constructor(description: string, supervisor: Supervisor, forwards: Forwards, port: number) {
    this.#port = port;
    this.#forwards = forwards;
    this.description = description;
    this.#supervisor = supervisor;
    this.#files = new ConnectionFiles({
      host: () => this.#host({}),
      checksum: (...args) => this.#checksum(...args),
    });
    this.files = this.#files;
  }

  get state(): SshState {
    return this.#supervisor.status.state;
  }

  get status(): SshStatus {
    return this.#supervisor.status;
  }

  subscribe(listener: (status: SshStatus) => void): () => void {
    return this.#supervisor.subscribe(listener);
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
    return startSession(await this.#host(options), command, options);
  }

  async forward(spec: ForwardSpec, options: { readonly prove?: boolean } = {}): Promise<Forward> {
    checkForward(spec);
    await this.#host({});
    const host = this.#forwardHost();
    return this.#forwards.open(spec, host, options.prove ?? true);
  }

  get forwards(): readonly Forward[] {
    return this.#forwards.list;
  }

  async attachTerminal(): Promise<number> {
    return await attachTerminal(await this.#host({}));
  }

  /** The login is gone: what ran in its shells is told so, and the next command opens new ones. */
  lost(): void {
    this.#dropShells();
    this.#forwards.detach(this.#supervisor.status.cause);
  }

  /** Another login stands. */
  again(): void {
    this.#forwards.attach(this.#forwardHost());
  }

  #forwardHost(): ForwardHost {
    const { master } = this.#supervisor;
    if (master === undefined)
      throw new LatchkeyError('ssh/lost', 'the connection is gone', { retryable: true });
    return {
      mux: master.mux,
      prober: master.prober,
      own: { port: this.#port },
      removeSocket: async (path) => {
        await this.script('if [ -S "$1" ]; then rm -f -- "$1"; fi', [path], { timeoutMs: 10_000 });
      },
      prepareRemote: async () => this.#pool(await this.#host({})).warm(),
    };
  }

  #dropShells(): void {
    this.#shells?.pool.close();
    this.#shells = undefined;
  }

  async close(): Promise<void> {
    await this.#forwards.closeAll();
    this.#dropShells();
    this.#files.close();
    await this.#supervisor.close();
  }

  async #run(command: CommandText, options: CommandOptions): Promise<CommandResult> {
    // Misuse is told before anything is connected.
    commandBody(command, options);
    for (let attempt = 1; ; attempt += 1) {
      const host = await this.#host(options);
      try {
        if (options.input !== undefined && Buffer.byteLength(options.input) > MAX_FRAMED_INPUT_BYTES) {
          return await runInSession(host, command, options);
        }
        return await this.#pool(host).run(command, options);
      } catch (error) {
        // The login was on its way out: what certainly did not run may as well run on the next one.
        const isUntouched = isLatchkeyError(error, 'ssh/lost') && error.details.ran === 'no';
        if (!isUntouched || attempt >= MAX_ATTEMPTS) throw error;
        await this.#supervisor.gone(host.controlPath, options.signal);
      }
    }
  }

  /** SHA-256 of a file over there, or of its first bytes; undefined when that machine cannot tell. */
  async #checksum(path: string, bytes?: number): Promise<string | undefined> {
    const file = path.startsWith('-') ? `./${path}` : path;
    const { exitCode, stdout } = await this.script(
      CHECKSUM_SCRIPT,
      [file, bytes === undefined ? '' : String(bytes)],
      {
        timeoutMs: 600_000,
      },
    );
    const sum = /^([0-9a-f]{64})\b/.exec(stdout.toString('latin1'))?.[1];
    return exitCode === 0 ? sum : undefined;
  }

  async #host(options: CommandOptions): Promise<SessionHost> {
    const { plan } = this.#supervisor;
    const wait = Math.min(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, plan.connectTimeoutMs);
    if (options.signal?.aborted) throw commandStopped('cancelled', options, 'no');
    const master = await this.#supervisor.ready(wait, options.signal).catch((error: unknown) => {
      throw options.signal?.aborted ? commandStopped('cancelled', options, 'no') : error;
    });
    return {
      program: plan.program,
      env: plan.env,
      controlPath: master.controlPath,
      isAlive: () =>
        master.mux.alive().then(
          () => true,
          () => false,
        ),
      lostCause: () => (this.#supervisor.master === master ? undefined : this.#supervisor.status.cause),
    };
  }

  #pool(host: SessionHost): LanePool {
    if (this.#shells?.controlPath !== host.controlPath) {
      this.#dropShells();
      const pool = new LanePool({
        open: () => spawnSession(host, ['--', 'latchkey', 'exec /bin/sh']),
        endCommand: (shellPid, graceSeconds) => endCommand(host, shellPid, graceSeconds),
        lostCause: host.lostCause,
        isAlive: host.isAlive,
      });
      this.#shells = { controlPath: host.controlPath, pool };
    }
    return this.#shells?.pool as LanePool;
  }
}
