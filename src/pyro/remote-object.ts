import { LatchkeyError } from '../kit/index.ts';
import { metadataOf } from './client-handshake.ts';
import type { CallOptions, ConnectOptions } from './connect-options.ts';
import type { ObjectMetadata } from './exposed.ts';
import { NO_FLAGS } from './frame.ts';
import { type Invocation, StreamStart } from './invocation.ts';
import { ObjectLine } from './object-line.ts';
import { ObjectReference, referenceOf } from './object-reference.ts';
import { remoteErrorOf, wrappedException } from './remote-exception.ts';
import { RemoteStream } from './remote-stream.ts';
import { formatLocation, formatPyroUri, type ObjectUri, parseObjectUri } from './uri.ts';
import { type PyroInput, type PyroValue, tuple } from './value.ts';

/** One call of a batch. */
export interface BatchedCall {
  readonly method: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: { readonly [name: string]: unknown };
}

/**
 * Connects to an object of a Pyro daemon, or of an {@link ObjectServer}.
 *
 * @param uri `PYRO:object@host:port` or `PYRO:object@./u:path`
 * @throws LatchkeyError `pyro/uri`, `pyro/unreachable`, `pyro/refused`, `pyro/wrong-peer`, `pyro/hmac`, `pyro/timed-out`, `pyro/cancelled`
 */
export async function connectObject(uri: string, options: ConnectOptions = {}): Promise<RemoteObject> {
  const parsed = parseObjectUri(uri);
  const line = new ObjectLine(parsed, options);
  const metadata = await line.open();
  return new RemoteObject(parsed, line, metadata, true);
}

const NO_KWARGS = {};
const NO_ARGS: readonly unknown[] = [];

/** An object somewhere else. Every call can fail as the network does; what the object itself throws is a {@link RemoteError}. */
export class RemoteObject {
  readonly uri: string;
  /** What the object said it can do when it was connected to. */
  readonly metadata: ObjectMetadata;
  readonly #object: string;
  readonly #parsed: ObjectUri;
  readonly #line: ObjectLine;
  readonly #ownsLine: boolean;

  /** Use {@link connectObject}. */
  constructor(uri: ObjectUri, line: ObjectLine, metadata: ObjectMetadata, ownsLine: boolean) {
    this.uri = formatPyroUri(uri);
    this.metadata = metadata;
    this.#object = uri.object;
    this.#parsed = uri;
    this.#line = line;
    this.#ownsLine = ownsLine;
  }

  get methods(): readonly string[] {
    return this.metadata.methods;
  }

  get oneway(): readonly string[] {
    return this.metadata.oneway;
  }

  get attributes(): readonly string[] {
    return this.metadata.attributes;
  }

  /** True for a server of ours: many calls are answered at once. */
  get isNative(): boolean {
    return this.#line.isNative;
  }

  /** What the server answered the handshake with. */
  get handshakeReply(): PyroValue {
    return this.#line.handshakeReply;
  }

  /** Passing this object to another passes this. */
  get reference(): ObjectReference {
    return new ObjectReference(this.uri, this.metadata);
  }

  /** Resolves when the connection is over for good: closed, or lost and not made again. */
  get closed(): Promise<void> {
    return this.#line.closed;
  }

  /**
   * Calls a method and waits for its result.
   *
   * @throws RemoteError for what the method throws; LatchkeyError `pyro/lost` (with `details.sent`), `pyro/timed-out`, `pyro/cancelled`,
   *   `pyro/closed`, `pyro/stream`, `pyro/too-large`; TypeError for values that cannot be sent
   */
  call(method: string, args: readonly unknown[] = NO_ARGS, options?: CallOptions): Promise<PyroValue> {
    return this.#line.invoke(
      this.#invocation(method, args, options, 'value'),
      options?.safe,
    ) as Promise<PyroValue>;
  }

  /** Sends a call that gets no answer; resolves when it is on its way. What becomes of it is not told. */
  async send(method: string, args: readonly unknown[] = NO_ARGS, options?: CallOptions): Promise<void> {
    await this.#line.send(this.#invocation(method, args, options, 'value'));
  }

  /** Reads an attribute. */
  get(attribute: string, options?: CallOptions): Promise<PyroValue> {
    return this.#line.invoke(
      { ...this.#invocation('__getattr__', [attribute], options, 'value'), kwargs: null },
      options?.safe ?? true,
    ) as Promise<PyroValue>;
  }

  /** Writes an attribute. */
  async set(attribute: string, value: unknown, options?: CallOptions): Promise<void> {
    await this.#line.invoke(
      { ...this.#invocation('__setattr__', [attribute, value], options, 'value'), kwargs: null },
      options?.safe,
    );
  }

  /**
   * Makes many calls in one message, one after the other there.
   *
   * @returns the results, in order. The first that fails ends the batch: its error stands in the last place
   */
  async batch(calls: readonly BatchedCall[], options?: CallOptions): Promise<readonly (PyroValue | Error)[]> {
    const list = calls.map(({ method, args = [], kwargs = {} }) =>
      tuple(method, tuple(...(args as PyroInput[])), kwargs as PyroInput),
    );
    const invocation = this.#invocation('<batch>', list, options, 'value');
    const answer = await this.#line.invoke(
      { ...invocation, kwargs: null, flags: { batch: true } },
      options?.safe ?? calls.every(({ method }) => this.#line.isSafe(method)),
    );
    if (!Array.isArray(answer))
      throw new LatchkeyError('pyro/malformed', 'the answer to a batch is not a list');
    return (answer as readonly PyroValue[]).map((value) => {
      const exception = wrappedException(value);
      return exception === undefined ? value : remoteErrorOf(exception);
    });
  }

  /**
   * Calls a method that gives a stream, and fetches its items as they are asked for. Leaving a `for await` early ends the stream there.
   *
   * @throws as {@link call} does, when the first item is asked for
   */
  iterate(
    method: string,
    args: readonly unknown[] = NO_ARGS,
    options?: CallOptions,
  ): AsyncIterableIterator<PyroValue> {
    const start = async (): Promise<string> => {
      const answer = await this.#line.invoke(
        this.#invocation(method, args, options, 'stream'),
        options?.safe,
      );
      if (answer instanceof StreamStart) return answer.id;
      throw new LatchkeyError('pyro/stream', `${method} gives a value, not a stream`);
    };
    return new RemoteStream(this.#line, start, options);
  }

  /** A result or a stream, whichever it turns out to be; for {@link remote}. */
  async either(method: string, args: readonly unknown[]): Promise<PyroValue | RemoteStream> {
    const answer = await this.#line.invoke(this.#invocation(method, args, undefined, 'either'), undefined);
    if (!(answer instanceof StreamStart)) return answer as PyroValue;
    return new RemoteStream(this.#line, () => Promise.resolve(answer.id), undefined);
  }

  /** Another object of the same server, over the same connection. */
  async sibling(object: string): Promise<RemoteObject> {
    const metadata = await this.#line.invoke(
      { ...this.#invocation('get_metadata', [object], undefined, 'value'), object: 'Pyro.Daemon' },
      true,
    );
    return new RemoteObject(
      { ...this.#parsed, object },
      this.#line,
      metadataOf(metadata as PyroValue),
      false,
    );
  }

  /**
   * The object that a result or argument refers to: over this connection when it is the same server's, else over one of its own, with the same options. The peer
   * chose that address: what this server was told in the handshake may be a password, and is told there only when it is given here.
   *
   * @throws TypeError for a value that is no reference; as {@link connectObject} does
   */
  async follow(
    value: PyroValue | ObjectReference,
    elsewhere: Pick<ConnectOptions, 'handshake'> = {},
  ): Promise<RemoteObject> {
    const reference = value instanceof ObjectReference ? value : referenceOf(value);
    if (reference === undefined) throw new TypeError('the value is no reference to an object');
    const uri = parseObjectUri(reference.uri);
    if (formatLocation(uri.location) === this.#line.serverLocation) return await this.sibling(uri.object);
    const { handshake: _, ...options } = this.#line.options;
    return await connectObject(reference.uri, { ...options, ...elsewhere });
  }

  /**
   * Ends the connection; calls that wait fail with `pyro/closed`. A sibling only forgets its object.
   *
   * @param reason what they fail with instead, where more is known than that it was closed
   */
  async close(reason?: LatchkeyError): Promise<void> {
    if (this.#ownsLine) await this.#line.close(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #invocation(
    method: string,
    args: readonly unknown[],
    options: CallOptions | undefined,
    wants: Invocation['wants'],
  ): Invocation {
    return {
      object: this.#object,
      method,
      args,
      kwargs: options?.kwargs ?? NO_KWARGS,
      flags: NO_FLAGS,
      wants,
      timeoutMs: options?.timeoutMs ?? this.#line.timeoutMs,
      signal: options?.signal,
    };
  }
}
