import { type Clock, isLatchkeyError, LatchkeyError, systemClock } from '../kit/index.ts';
import { AskpassServer } from './askpass/server.ts';
import { type FailureKind, failureKind, retryDelayMs } from './back-off.ts';
import { type LoginPlan, planLogin } from './login-plan.ts';
import { type Master, startMaster } from './master.ts';
import type { SshOptions } from './options.ts';
import { privateDirectory, removePrivateDirectory } from './private-directory.ts';
import { describeTarget } from './target.ts';

/** Whether a connection stands. */
export type SshState = 'connecting' | 'ready' | 'reconnecting' | 'closed';

/** The state of a connection, and what led to it. */
export interface SshStatus {
  readonly state: SshState;
  readonly since: Date;
  /** Why it is not ready: what the last attempt, or the loss, said. */
  readonly cause?: LatchkeyError | undefined;
  /** When it is tried again. */
  readonly retryAt?: Date | undefined;
  /** How often it was made again. */
  readonly reconnects: number;
}

/** The end of a process is noticed within this, once its sockets are closed. */
const NOTICE_MS = 2000;

/** A connection that lived shorter counts as another failed attempt. */
const SETTLED_MS = 10_000;

/** What is to happen when a login stands again, when it is lost, and when ssh says something. */
export interface SupervisorHooks {
  onMaster(): void;
  onLost(): void;
  onLine(line: string): void;
}

/** Keeps one master alive: starts it, notices its end, and starts it again with growing pauses. */
export class Supervisor {
  readonly plan: LoginPlan;
  readonly directory: string;
  readonly #target: string;
  readonly #clock: Clock;
  readonly #askpass: AskpassServer | undefined;
  readonly #hooks: SupervisorHooks;
  readonly #listeners = new Set<(status: SshStatus) => void>();
  readonly #closing = new AbortController();
  #status: SshStatus;
  #master: Master | undefined;
  #generation = 0;
  /** The attempts to log in again, while there are any. */
  #working: Promise<void> = Promise.resolve();
  #hurry: (() => void) | undefined;

  private constructor(
    plan: LoginPlan,
    directory: string,
    askpass: AskpassServer | undefined,
    options: SshOptions,
    hooks: SupervisorHooks,
  ) {
    this.plan = plan;
    this.directory = directory;
    this.#askpass = askpass;
    this.#target = describeTarget(options.target);
    this.#clock = options.clock ?? systemClock;
    this.#hooks = hooks;
    this.#status = { state: 'connecting', since: this.#clock.now(), reconnects: 0 };
  }

  /** Logs in for the first time; a failure is told and not tried again. */
  static async start(options: SshOptions, hooks: SupervisorHooks): Promise<Supervisor> {
    options.signal?.throwIfAborted();
    const directory = await privateDirectory();
    let askpass: AskpassServer | undefined;
    try {
      const plan = await planLogin(options, directory);
      if (plan.asks) askpass = await AskpassServer.start(directory, plan.answer);
      const supervisor = new Supervisor(plan, directory, askpass, options, hooks);
      await supervisor.#login(options.signal);
      return supervisor;
    } catch (error) {
      askpass?.close();
      await removePrivateDirectory(directory);
      throw error;
    }
  }

  get status(): SshStatus {
    return this.#status;
  }

  get master(): Master | undefined {
    return this.#master;
  }

  subscribe(listener: (status: SshStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The master, once there is one: somebody who waits makes the next attempt come now, unless the login was refused.
   *
   * @throws LatchkeyError `ssh/lost` (`details.ran` = `no`) when the attempt fails, or none succeeds in time
   */
  async ready(timeoutMs: number, signal?: AbortSignal): Promise<Master> {
    if (this.#master !== undefined) return this.#master;
    if (this.#closing.signal.aborted) throw notConnected(this.#target, this.#status.cause, 'is closed');
    const before = this.#status;
    this.#hurry?.();
    return new Promise((resolve, reject) => {
      const end = (act: () => void) => {
        clearTimeout(timer);
        unsubscribe();
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      const fail = () =>
        end(() => reject(notConnected(this.#target, this.#status.cause, 'cannot be reached again')));
      const onAbort = () => end(() => reject(signal?.reason));
      const timer = setTimeout(fail, timeoutMs);
      const unsubscribe = this.subscribe((status) => {
        const master = this.#master;
        if (status.state === 'ready' && master !== undefined) end(() => resolve(master));
        else if (status.state === 'closed' || status.cause !== before.cause) fail();
      });
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Resolves when a login is no longer the one that counts; a second is enough to notice. */
  async gone(controlPath: string, signal?: AbortSignal): Promise<void> {
    for (let waited = 0; this.#master?.controlPath === controlPath && waited < NOTICE_MS; waited += 20) {
      signal?.throwIfAborted();
      await this.#clock.sleep(20);
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new LatchkeyError('ssh/lost', 'the connection was closed'));
    const master = this.#master;
    this.#master = undefined;
    this.#enter({ state: 'closed' });
    await master?.stop();
    await this.#working;
    this.#askpass?.close();
    await removePrivateDirectory(this.directory);
  }

  async #login(signal: AbortSignal | undefined): Promise<void> {
    this.#generation += 1;
    const master = await startMaster({
      plan: this.plan,
      controlPath: `${this.directory}/c${this.#generation}`,
      askpass: this.#askpass,
      target: this.#target,
      onLine: (line) => this.#hooks.onLine(line),
      signal,
    });
    if (this.#closing.signal.aborted) return master.stop();
    this.#master = master;
    const reconnects = this.#status.reconnects + (this.#generation > 1 ? 1 : 0);
    const begun = this.#clock.now().getTime();
    this.#enter({ state: 'ready', reconnects });
    this.#hooks.onMaster();
    void master.ended.then((lines) => {
      if (this.#master !== master) return;
      this.#master = undefined;
      const last = lines.at(-1);
      const why = last === undefined ? 'ssh ended' : last;
      this.#enter({
        state: 'reconnecting',
        cause: new LatchkeyError('ssh/lost', `the connection to ${this.#target} was lost: ${why}`, {
          retryable: true,
        }),
      });
      this.#hooks.onLost();
      const wasSettled = this.#clock.now().getTime() - begun >= SETTLED_MS;
      this.#working = this.#again(wasSettled ? 0 : 1);
    });
  }

  async #again(firstAttempt: number): Promise<void> {
    const { signal } = this.#closing;
    let kind: FailureKind = 'unreachable';
    for (let attempt = firstAttempt; !signal.aborted; attempt += 1) {
      await this.#pause(retryDelayMs(attempt, kind, Math.random()), kind);
      if (signal.aborted) return;
      try {
        return await this.#login(signal);
      } catch (error) {
        if (signal.aborted) return;
        const cause = isLatchkeyError(error)
          ? error
          : new LatchkeyError('ssh/unreachable', String(error), { cause: error, retryable: true });
        const next = failureKind(kind, cause);
        // What was refused is counted on its own: its pauses are longer from the first time on.
        if (next === 'refused' && kind !== 'refused') attempt = 0;
        kind = next;
        this.#enter({ state: 'reconnecting', cause });
      }
    }
  }

  async #pause(milliseconds: number, kind: FailureKind): Promise<void> {
    const retryAt = new Date(this.#clock.now().getTime() + milliseconds);
    this.#status = { ...this.#status, retryAt };
    const hurried = new Promise<void>((resolve) => {
      if (kind === 'unreachable') this.#hurry = resolve;
    });
    const woken = new AbortController();
    const { signal } = this.#closing;
    const sleep = this.#clock.sleep(milliseconds, AbortSignal.any([signal, woken.signal])).catch(() => {});
    // Nobody hurries a pause to less than a second: a server that is down is not to be asked in a loop.
    const atLeast = this.#clock.sleep(Math.min(milliseconds, 1000), AbortSignal.any([signal, woken.signal]));
    await Promise.race([sleep, Promise.all([hurried, atLeast.catch(() => {})])]);
    woken.abort();
    this.#hurry = undefined;
  }

  #enter(next: { state: SshState; cause?: LatchkeyError; reconnects?: number }): void {
    this.#status = {
      state: next.state,
      since: this.#clock.now(),
      cause: next.cause,
      reconnects: next.reconnects ?? this.#status.reconnects,
    };
    for (const listener of [...this.#listeners]) listener(this.#status);
  }
}

function notConnected(target: string, cause: LatchkeyError | undefined, what: string): LatchkeyError {
  return new LatchkeyError(
    'ssh/lost',
    `${target} ${what}${cause === undefined ? '' : `: ${cause.message}`}`,
    {
      retryable: true,
      details: { ran: 'no' },
      cause,
      ...(cause?.hint === undefined ? {} : { hint: cause.hint }),
    },
  );
}
