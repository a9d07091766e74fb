import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LatchkeyError } from '../../kit/index.ts';
import type { ChannelTarget } from '../mux/channel-codec.ts';
import type { MuxEndpoint, MuxForward } from '../mux/codec.ts';
import type { ProbeResult } from '../mux/prober.ts';
import type { Ssh2Channel, Ssh2Client } from './ssh2-module.ts';

/** A connection that the server passes to us. */
type Accept = () => Duplex;

/** Forwards of one login: the part that OpenSSH's master plays for the other back-end. */
export class Ssh2Forwarding {
  readonly #client: Ssh2Client;
  readonly #listeners = new Map<string, Server>();
  /** What is behind each listener over there, by its address as the server tells it. */
  readonly #remote = new Map<string, MuxEndpoint>();

  readonly #onFailure: () => void;

  /** @param onFailure called when a connection through a forward did not arrive */
  constructor(client: Ssh2Client, onFailure: () => void = () => {}) {
    this.#client = client;
    this.#onFailure = onFailure;
    client.on(
      'tcp connection',
      (info: { destIP: string; destPort: number }, accept: Accept, reject: () => void) =>
        this.#arrived(`${info.destIP}:${info.destPort}`, accept, reject),
    );
    client.on('unix connection', (info: { socketPath: string }, accept: Accept, reject: () => void) =>
      this.#arrived(info.socketPath, accept, reject),
    );
    client.once('close', () => {
      for (const server of this.#listeners.values()) server.close();
    });
  }

  /** Resolves with the port that a server chose for 0. @throws LatchkeyError `ssh/forward`, `ssh/unsupported` */
  async openForward(forward: MuxForward): Promise<number | undefined> {
    const { kind, listen, connect: target } = forward;
    if (target === undefined)
      throw new LatchkeyError('ssh/unsupported', 'the ssh2 back-end has no dynamic forwards', {
        hint: 'use the OpenSSH back-end, or a local forward to one address',
      });
    return kind === 'local' ? this.#listenHere(listen, target) : this.#listenThere(listen, target);
  }

  async closeForward({ kind, listen }: MuxForward): Promise<void> {
    const name = nameOf(listen);
    if (kind === 'local') {
      this.#listeners.get(name)?.close();
      this.#listeners.delete(name);
      return;
    }
    const known = 'socketPath' in listen || listen.port !== 0 ? name : this.#zero.get(name);
    if (known === undefined) return;
    this.#remote.delete(known);
    await refusable((done) =>
      'socketPath' in listen
        ? this.#client.openssh_unforwardInStreamLocal(listen.socketPath, done)
        : this.#client.unforwardIn(listen.host, Number(known.slice(known.lastIndexOf(':') + 1)), done),
    );
  }

  /** Asks the server to connect somewhere, and lets go at once. */
  async probe(target: ChannelTarget): Promise<ProbeResult> {
    try {
      (await this.#open(target)).close();
      return { outcome: 'connected' };
    } catch (error) {
      const { reason, message } = error as Error & { readonly reason?: number };
      // RFC 4254 §5.1: 1 = administratively prohibited, 2 = connect failed.
      if (reason === 1) return { outcome: 'prohibited', reason: message };
      return { outcome: reason === 2 ? 'refused' : 'unknown', reason: message };
    }
  }

  /** Remote forwards of port 0, as they were asked for, and where they are. */
  readonly #zero = new Map<string, string>();

  async #listenHere(listen: MuxEndpoint, target: MuxEndpoint): Promise<undefined> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#open(target).then(
        (channel) => join(socket, channel),
        () => {
          socket.destroy();
          this.#onFailure();
        },
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(refused(cause)));
      server.listen('socketPath' in listen ? { path: listen.socketPath } : listen, () => resolve());
    });
    this.#listeners.set(nameOf(listen), server);
    return undefined;
  }

  async #listenThere(listen: MuxEndpoint, target: MuxEndpoint): Promise<number | undefined> {
    if ('socketPath' in listen) {
      await refusable((done) => this.#client.openssh_forwardInStreamLocal(listen.socketPath, done));
      this.#remote.set(listen.socketPath, target);
      return undefined;
    }
    let port = listen.port;
    await refusable((done) =>
      this.#client.forwardIn(listen.host, listen.port, (error, chosen) => {
        if (listen.port === 0) port = chosen;
        done(error);
      }),
    );
    const name = nameOf({ host: listen.host, port });
    this.#remote.set(name, target);
    if (listen.port !== 0) return undefined;
    this.#zero.set(nameOf(listen), name);
    return port;
  }

  #arrived(name: string, accept: Accept, reject: () => void): void {
    const target = this.#remote.get(name);
    if (target === undefined) {
      reject();
      return;
    }
    const socket = connect({
      ...('socketPath' in target ? { path: target.socketPath } : target),
      allowHalfOpen: true,
    });
    socket.setNoDelay(true);
    const fail = () => {
      reject();
      this.#onFailure();
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.removeListener('error', fail);
      join(socket, accept());
    });
  }

  #open(target: ChannelTarget): Promise<Ssh2Channel> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | undefined, channel: Ssh2Channel) =>
        error ? reject(error) : resolve(channel);
      if ('socketPath' in target) this.#client.openssh_forwardOutStreamLocal(target.socketPath, done);
      else this.#client.forwardOut('127.0.0.1', 0, target.host, target.port, done);
    });
  }
}

/** Both ways, each closed by itself; when one side breaks, the other goes too. */
function join(socket: Socket, channel: Duplex): void {
  socket.on('error', () => channel.destroy());
  channel.on('error', () => socket.destroy());
  socket.once('close', () => channel.destroy());
  channel.once('close', () => socket.destroySoon());
  socket.pipe(channel).pipe(socket);
}

function nameOf(end: MuxEndpoint): string {
  return 'socketPath' in end ? end.socketPath : `${end.host}:${end.port}`;
}

async function refusable(ask: (done: (error?: Error) => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    ask((error) => (error ? reject(refused(error)) : resolve()));
  });
}

function refused(cause: Error): LatchkeyError {
  return new LatchkeyError('ssh/forward', `it was refused: ${cause.message}`, {
    cause,
    details: { reason: cause.message },
  });
}
