import type { Secret } from '../kit/index.ts';
import type { CallPeer, Exposed } from './exposed.ts';
import type { ObjectReference } from './object-reference.ts';
import type { PublishedObjects } from './published-objects.ts';
import type { SerializerName } from './serializer.ts';
import type { StreamTable } from './stream-table.ts';
import type { PyroValue } from './value.ts';
import type { Converter } from './value-passing.ts';
import type { Vigil } from './vigil.ts';

/**
 * Says whether a client may connect, by what it gave as its handshake. It throws to refuse, and what it returns is the client's
 * handshake reply (`hello` for nothing).
 */
export type Authorize = (handshake: PyroValue, peer: CallPeer) => unknown;

/** Limits of a server, all with defaults. */
export interface ServerLimits {
  /** Most bytes of one message; default 64 MiB. */
  readonly maxMessageBytes: number;
  /** Most bytes of one message that comes, also when inflated; default as `maxMessageBytes`. */
  readonly maxRequestBytes: number;
  /** Bytes of answers that clients do not take, of all connections together; beyond them the connection with the most is ended. Default 512 MiB. */
  readonly maxUntakenBytes: number;
  /** Default 1000. */
  readonly maxConnections: number;
  /** Calls of one connection that are answered at the same time; others of it wait. Default 4096; a Pyro client has one. */
  readonly maxCallsPerConnection: number;
  /** Default 100. */
  readonly maxStreamsPerConnection: number;
  /** Objects that are published only because they were passed by reference; default 10,000. */
  readonly maxReferences: number;
  /** A call is given up and its signal aborted; default a day. */
  readonly callTimeoutMs: number;
  /** Default 10 s. */
  readonly handshakeTimeoutMs: number;
  /** A message must be whole so long after it began, at 64 kB/s for what is longer; default 30 s. */
  readonly messageTimeoutMs: number;
  /** A stream that nobody fetched from is ended; default 10 minutes. */
  readonly streamIdleMs: number;
  /** How long an object passed by reference stays without a connection that got it; default a minute. */
  readonly referenceLingerMs: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  maxMessageBytes: 64 * 1024 * 1024,
  maxRequestBytes: Number.POSITIVE_INFINITY,
  maxUntakenBytes: 512 * 1024 * 1024,
  maxConnections: 1000,
  maxCallsPerConnection: 4096,
  maxStreamsPerConnection: 100,
  maxReferences: 10_000,
  callTimeoutMs: 24 * 3600 * 1000,
  handshakeTimeoutMs: 10_000,
  messageTimeoutMs: 30_000,
  streamIdleMs: 600_000,
  referenceLingerMs: 60_000,
};

/** What the connections of a server have in common. */
export interface ServerGround {
  readonly limits: ServerLimits;
  readonly objects: PublishedObjects;
  readonly streams: StreamTable;
  /** The object `Pyro.Daemon`. */
  readonly daemon: Exposed;
  readonly serializers: ReadonlySet<SerializerName>;
  readonly converters: readonly Converter[];
  readonly token: Secret | undefined;
  readonly hmacKey: Secret | undefined;
  readonly authorize: Authorize | undefined;
  /** True once the server closes: nothing new is begun. */
  readonly isClosing: boolean;
  /** The location that clients are told. */
  readonly location: string;
  /** @throws LatchkeyError `pyro/busy` */
  refer(exposed: Exposed, holder: object): ObjectReference;
  /** Of all connections: they share one event loop. */
  readonly vigil: Vigil;
  /** Milliseconds that only go forward. */
  now(): number;
}

export const DAEMON_OBJECT = 'Pyro.Daemon';
