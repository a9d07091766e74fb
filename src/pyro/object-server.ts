import { createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError, quote, type Secret } from '../kit/index.ts';
import { daemonObject } from './daemon-object.ts';
import { eventLoopVigil } from './event-loop-vigil.ts';
import type { Exposed } from './exposed.ts';
import { FrameStream } from './frame-stream.ts';
import { listenAt } from './listener.ts';
import { ObjectReference } from './object-reference.ts';
import { PublishedObjects } from './published-objects.ts';
import type { SerializerName } from './serializer.ts';
import { serializers } from './serializers.ts';
import { ServerConnection } from './server-connection.ts';
import {
  type Authorize,
  DAEMON_OBJECT,
  DEFAULT_SERVER_LIMITS,
  type ServerGround,
  type ServerLimits,
} from './server-ground.ts';
import { refusal } from './server-handshake.ts';
import { StreamTable } from './stream-table.ts';
import { formatLocation, type PyroLocation } from './uri.ts';
import type { Converter } from './value-passing.ts';

export interface ObjectServerOptions extends Partial<ServerLimits> {
  /** Where to listen. A host must be given: `127.0.0.1` for this machine only; port 0 for any. A socket file is 0600. */
  readonly address: PyroLocation;
  /** The address that clients are told, where they see another one than this machine: behind a tunnel or NAT. */
  readonly published?: PyroLocation;
  /** Native clients prove that they know it before anything else; others are refused, unless `authorize` lets them in. */
  readonly token?: Secret;
  /** Pyro4's HMAC key: every message has to have the right HMAC. Pyro5 has none and is refused then. */
  readonly hmacKey?: Secret;
  readonly authorize?: Authorize;
  /** Default: serpent, json, marshal and msgpack. Never pickle. */
  readonly serializers?: readonly SerializerName[];
  readonly converters?: readonly Converter[];
}

const SWEEP_MS = 1000;
/** Connections beyond the limit that are told so; more are cut without a word. */
const REFUSED_AT_ONCE = 64;

/** Serves objects to Pyro clients of both versions, and to ours. */
export class ObjectServer {
  /** Where it listens, with the port that was chosen. */
  readonly address: PyroLocation;
  /** What clients are told. */
  readonly location: PyroLocation;
  readonly #ground: ServerGround;
  readonly #server: ReturnType<typeof createServer>;
  readonly #connections = new Set<ServerConnection>();
  readonly #sweeper: NodeJS.Timeout;
  #refusing = 0;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  /** @throws LatchkeyError `pyro/address` */
  static async listen(options: ObjectServerOptions): Promise<ObjectServer> {
    const server = createServer({ noDelay: true, keepAlive: true });
    const address = await listenAt(server, options.address);
    return new ObjectServer(options, server, address);
  }

  private constructor(
    options: ObjectServerOptions,
    server: ReturnType<typeof createServer>,
    address: PyroLocation,
  ) {
    this.address = address;
    this.location = options.published ?? address;
    this.#server = server;
    this.#ground = this.#groundOf(options);
    server.on('connection', (socket) => this.#onConnection(socket));
    // One connection could not be accepted; the others go on.
    server.on('error', () => {});
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Makes an object callable until it is withdrawn.
   *
   * @param name default: a name that nobody can guess
   * @returns its URI
   * @throws LatchkeyError `pyro/busy` when the name is another object's; TypeError for a name that no URI can hold
   */
  publish(exposed: Exposed, name?: string): string {
    if (name !== undefined && (!/^[^\s@]+$/.test(name) || name === DAEMON_OBJECT))
      throw new TypeError(`an object cannot be named ${quote(name)}`);
    const chosen = this.#ground.objects.publish(exposed, name, this.#ground.now());
    if (chosen === undefined)
      throw new LatchkeyError('pyro/busy', `the name ${quote(name ?? '')} is another object's`, {
        hint: 'withdraw that one first',
      });
    return this.#uriOf(chosen);
  }

  /** @param object its name or URI. @returns false when it was not there */
  withdraw(object: string): boolean {
    const name = /^PYRO:([^\s@]+)@/.exec(object)?.[1] ?? object;
    return this.#ground.objects.withdraw(name);
  }

  /** A reference to an object, published for it if it is not yet. It stays until it is withdrawn. */
  reference(exposed: Exposed): ObjectReference {
    return new ObjectReference(this.publish(exposed), exposed.metadata);
  }

  /** Serves one more client over a stream that somebody else has accepted. */
  serve(stream: Duplex, peer: string): void {
    if (this.#isClosing) return void stream.destroy();
    if (this.#connections.size >= this.#ground.limits.maxConnections) return void this.#turnAway(stream);
    const connection: ServerConnection = new ServerConnection(stream, peer, this.#ground, () =>
      this.#connections.delete(connection),
    );
    this.#connections.add(connection);
  }

  /** Takes no new clients and calls, waits for those that run, at most `drainMs`, then tells them by their signals and ends. */
  close(drainMs = 5000): Promise<void> {
    this.#closed ??= this.#close(drainMs);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drainMs: number): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const end = this.#ground.now() + drainMs;
    while (this.#ground.now() < end && [...this.#connections].some(({ isBusy }) => isBusy)) await delay(10);
    clearInterval(this.#sweeper);
    for (const connection of this.#connections)
      connection.end(new LatchkeyError('pyro/closed', 'the server is closing'));
    this.#ground.streams.closeAll();
    await closed;
  }

  #onConnection(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    this.serve(
      socket,
      remoteAddress === undefined ? 'unix' : formatLocation({ host: remoteAddress, port: remotePort ?? 0 }),
    );
  }

  /** One client too many is told so, when it has said which version it speaks. */
  #turnAway(stream: Duplex): void {
    stream.on('error', () => {});
    if (this.#refusing >= REFUSED_AT_ONCE) return void stream.destroy();
    this.#refusing += 1;
    stream.once('close', () => {
      this.#refusing -= 1;
    });
    const { maxConnections, handshakeTimeoutMs } = this.#ground.limits;
    const busy = new LatchkeyError('pyro/busy', `the server has ${maxConnections} connections, its limit`);
    const frames = new FrameStream(
      stream,
      { maxBytes: 1 << 16, hmacKey: this.#ground.hmacKey },
      {
        onFrame: (frame) => {
          frames.send(refusal(frame, busy));
          frames.end();
        },
        onEnd: () => frames.destroy(),
      },
    );
    setTimeout(() => stream.destroy(), Math.min(2000, handshakeTimeoutMs)).unref();
  }

  #sweep(): void {
    const now = this.#ground.now();
    for (const connection of this.#connections) connection.sweep(now);
    this.#endGreediest();
    this.#ground.streams.sweep(now);
    this.#ground.objects.sweep(now);
  }

  /** A thousand clients that read nothing would fill the memory, though each of them may have only so much. */
  #endGreediest(): void {
    let untaken = 0;
    for (const connection of this.#connections) untaken += connection.untakenBytes;
    if (untaken <= this.#ground.limits.maxUntakenBytes) return;
    const most = [...this.#connections].sort((a, b) => b.untakenBytes - a.untakenBytes);
    for (const connection of most) {
      if (untaken <= this.#ground.limits.maxUntakenBytes) return;
      untaken -= connection.untakenBytes;
      connection.end(new LatchkeyError('pyro/busy', 'the client does not take its answers'));
    }
  }

  #uriOf(name: string): string {
    return `PYRO:${name}@${formatLocation(this.location)}`;
  }

  #groundOf(options: ObjectServerOptions): ServerGround {
    const limits = limitsOf(options);
    const isClosing = (): boolean => this.#isClosing;
    const objects = new PublishedObjects(limits.referenceLingerMs, limits.maxReferences);
    const now = (): number => performance.now();
    const ground: ServerGround = {
      limits,
      objects,
      streams: new StreamTable({
        maxPerConnection: limits.maxStreamsPerConnection,
        idleMs: limits.streamIdleMs,
      }),
      daemon: daemonObject(() => ground),
      serializers: new Set(options.serializers ?? (Object.keys(serializers) as SerializerName[])),
      converters: options.converters ?? [],
      token: options.token,
      hmacKey: options.hmacKey,
      authorize: options.authorize,
      get isClosing() {
        return isClosing();
      },
      location: formatLocation(this.location),
      refer: (exposed, holder) => {
        const name = objects.refer(exposed, holder, now());
        if (name === undefined)
          throw new LatchkeyError(
            'pyro/busy',
            `${limits.maxReferences} objects are passed by reference already`,
          );
        return new ObjectReference(this.#uriOf(name), exposed.metadata);
      },
      vigil: eventLoopVigil(),
      now,
    };
    return ground;
  }
}

function limitsOf(options: ObjectServerOptions): ServerLimits {
  const limits: Record<string, number> = {};
  for (const [name, usual] of Object.entries(DEFAULT_SERVER_LIMITS)) {
    const given = options[name as keyof ServerLimits] ?? usual;
    if (typeof given !== 'number' || !(given > 0))
      throw new TypeError(`${name} is a number above 0, not ${given}`);
    limits[name] = given;
  }
  return limits as unknown as ServerLimits;
}
