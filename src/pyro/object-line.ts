import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { type ConnectOptions, DEFAULT_CALL_TIMEOUT_MS } from './connect-options.ts';
import type { ObjectMetadata } from './exposed.ts';
import type { Invocation } from './invocation.ts';
import type { ObjectConnection } from './object-connection.ts';
import { openConnection } from './open-connection.ts';
import { formatLocation, type ObjectUri } from './uri.ts';
import type { PyroValue } from './value.ts';

const DEFAULT_ATTEMPTS = 5;
const DEFAULT_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5000;

/** The connection of a remote object through its lives: it is made again after a loss where that is wanted. */
export class ObjectLine {
  readonly options: ConnectOptions;
  readonly timeoutMs: number;
  readonly closed: Promise<void>;
  readonly #uri: ObjectUri;
  readonly #safe: ReadonlySet<string>;
  readonly #end = new AbortController();
  #connection: ObjectConnection | undefined;
  #opening: Promise<ObjectConnection> | undefined;
  #settle: () => void = () => {};
  #isClosed = false;

  constructor(uri: ObjectUri, options: ConnectOptions) {
    this.#uri = uri;
    this.options = options;
    this.timeoutMs = options.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
    this.#safe = new Set(options.reconnect?.safe ?? []);
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get isNative(): boolean {
    return this.#connection?.handshaken.isNative ?? false;
  }

  get handshakeReply(): PyroValue {
    return this.#connection?.handshaken.reply ?? null;
  }

  /** Where the server says it is, or where it was found. */
  get serverLocation(): string {
    return this.#connection?.handshaken.location ?? formatLocation(this.#uri.location);
  }

  isSafe(method: string): boolean {
    return this.#safe.has(method);
  }

  /** The first connection. */
  async open(): Promise<ObjectMetadata> {
    const { signal } = this.options;
    this.#connection = await this.#dial();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    return this.#connection.handshaken.metadata;
  }

  invoke(invocation: Invocation, safe: boolean | undefined): Promise<unknown> {
    const connection = this.#connection;
    if (connection === undefined || !connection.isOpen || (safe ?? this.#safe.has(invocation.method)))
      return this.#invokeAgain(invocation, safe ?? this.#safe.has(invocation.method));
    return connection.invoke(invocation);
  }

  async send(invocation: Invocation): Promise<void> {
    (await this.#usable()).send(invocation);
  }

  async close(reason?: LatchkeyError): Promise<void> {
    if (this.#isClosed) return;
    this.#finish(reason ?? new LatchkeyError('pyro/closed', `the connection to ${this.#where} was closed`));
    await this.#opening?.catch(() => {});
  }

  get #where(): string {
    return formatLocation(this.#uri.location);
  }

  readonly #onAbort = (): void => {
    this.#finish(
      new LatchkeyError('pyro/cancelled', `the connection to ${this.#where} was given up`, {
        cause: this.options.signal?.reason,
      }),
    );
  };

  #finish(error: LatchkeyError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.options.signal?.removeEventListener('abort', this.#onAbort);
    this.#end.abort(error);
    this.#connection?.end(error);
    this.#settle();
  }

  /** A call that may have to wait for a connection, or to be made again on the next one. */
  async #invokeAgain(invocation: Invocation, isSafe: boolean): Promise<unknown> {
    for (;;) {
      const connection = await this.#usable();
      try {
        return await connection.invoke(invocation);
      } catch (error) {
        const isLost = isLatchkeyError(error, 'pyro/lost') && this.options.reconnect !== undefined;
        if (!isLost || !isSafe || this.#isClosed || invocation.signal?.aborted === true) throw error;
      }
    }
  }

  async #usable(): Promise<ObjectConnection> {
    if (this.#isClosed) throw this.#whyClosed();
    if (this.#connection?.isOpen === true) return this.#connection;
    if (this.options.reconnect === undefined) throw lostBefore(this.#where);
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  async #reopen(): Promise<ObjectConnection> {
    const { attempts = DEFAULT_ATTEMPTS, delayMs = DEFAULT_DELAY_MS } = this.options.reconnect ?? {};
    for (let attempt = 1; ; attempt += 1) {
      try {
        const connection = await this.#dial();
        this.#connection = connection;
        if (this.#isClosed) connection.end(this.#whyClosed());
        return connection;
      } catch (error) {
        if (this.#isClosed) throw this.#whyClosed();
        if (attempt >= attempts || !isPassing(error)) {
          const failed = lostBefore(this.#where, error);
          this.#finish(failed);
          throw failed;
        }
      }
      await pause(Math.min(delayMs * 2 ** (attempt - 1), LONGEST_DELAY_MS), this.#end.signal);
    }
  }

  /** Who calls afterwards is told as much as who called before. */
  #whyClosed(): LatchkeyError {
    const reason: unknown = this.#end.signal.reason;
    const isKnown =
      isLatchkeyError(reason) && reason.code !== 'pyro/closed' && reason.code !== 'pyro/cancelled';
    return isKnown ? reason : closedError(this.#where);
  }

  #dial(): Promise<ObjectConnection> {
    const signals = [this.#end.signal, ...(this.options.signal === undefined ? [] : [this.options.signal])];
    return openConnection(this.#uri, { ...this.options, signal: AbortSignal.any(signals) }, () => {
      if (this.options.reconnect === undefined && this.#connection !== undefined) this.#settle();
    });
  }
}

/** Refusals stay refusals; what does not answer may answer soon. */
function isPassing(error: unknown): boolean {
  return (
    isLatchkeyError(error, 'pyro/unreachable') ||
    isLatchkeyError(error, 'pyro/lost') ||
    isLatchkeyError(error, 'pyro/timed-out') ||
    (isLatchkeyError(error) && error.retryable)
  );
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}

function closedError(where: string): LatchkeyError {
  return new LatchkeyError('pyro/closed', `the connection to ${where} is closed`, {
    details: { sent: false },
  });
}

function lostBefore(where: string, cause?: unknown): LatchkeyError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new LatchkeyError('pyro/lost', `the connection to ${where} is lost${why}`, {
    cause,
    retryable: true,
    details: { sent: false },
    hint:
      cause === undefined
        ? 'connect again, or connect with the option reconnect'
        : 'is the server still there?',
  });
}
