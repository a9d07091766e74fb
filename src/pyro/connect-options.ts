import type { Secret } from '../kit/index.ts';
import type { Dial } from './dial.ts';
import type { Exposed } from './exposed.ts';
import type { ObjectReference } from './object-reference.ts';
import type { PyroVersion, SerializerName } from './serializer.ts';
import type { PyroInput } from './value.ts';
import type { Converter } from './value-passing.ts';

/** How a lost connection is made again. */
export interface ReconnectPolicy {
  /** Attempts after a loss before the calls that wait fail; default 5. */
  readonly attempts?: number;
  /** Pause before the second attempt, doubled after each; default 200 ms, at most 5 s. */
  readonly delayMs?: number;
  /** Methods that may be done twice: their calls are made again when a connection is lost under them. Reading attributes is safe anyway. */
  readonly safe?: readonly string[];
}

export interface ConnectOptions {
  /** Default `detect`: version 4 is tried first, then 5. With an HMAC key it is 4. */
  readonly version?: PyroVersion | 'detect';
  /** Default: msgpack with a server of ours, serpent with any other. */
  readonly serializer?: SerializerName;
  /** Pyro4's HMAC key. */
  readonly hmacKey?: Secret;
  /** Both sides prove that they know it, and it never crosses the wire: a server that does not know it is not talked to. */
  readonly token?: Secret;
  /** What the server's own check of handshakes is given; default `hello`. */
  readonly handshake?: PyroInput;
  /** A call that is not answered in that time fails; default 60 s. */
  readonly timeoutMs?: number;
  /** Connecting, with all of the handshake; default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Most bytes of one message, both ways; default 64 MiB. */
  readonly maxMessageBytes?: number;
  /** Ends connecting, and the connection. */
  readonly signal?: AbortSignal;
  /** Opens the stream in place of a socket: through a tunnel, for instance. */
  readonly dial?: Dial;
  readonly converters?: readonly Converter[];
  /** Where objects that are passed by reference are published: an {@link ObjectServer} of this side. */
  readonly publisher?: Publisher;
  /** Default: a lost connection stays lost. */
  readonly reconnect?: ReconnectPolicy;
}

/** What publishes an object that is passed as an argument. */
export interface Publisher {
  reference(exposed: Exposed): ObjectReference;
}

export interface CallOptions {
  readonly kwargs?: { readonly [name: string]: unknown };
  readonly timeoutMs?: number;
  /** Gives the call up. A server of ours tells the method so; any other goes on with it, and its answer is dropped. */
  readonly signal?: AbortSignal;
  /** This call may be made again when the connection is lost under it. */
  readonly safe?: boolean;
}

export const DEFAULT_CALL_TIMEOUT_MS = 60_000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
