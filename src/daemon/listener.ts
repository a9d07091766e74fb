import { createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { LatchkeyError } from '../kit/index.ts';
import { ConnectionCounter } from './connection-counter.ts';

const BACKLOG = 4_096;

/** What a {@link Listener} asks of the server around it. */
export interface ListenerOptions {
  readonly host?: string | undefined;
  readonly port: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Asked for every connection, so that a reload reaches the next one. */
  settings(): ConnectionSettings;
  /**
   * Serves one connection, whose handshake has just ended: only now does Node have the whole chain that the client sent.
   * Must not reject.
   */
  serve(socket: TLSSocket, connection: Connection): Promise<void>;
  log(level: 'debug' | 'info' | 'warn' | 'error', line: string): void;
}

/** One connection, besides its socket. */
export interface Connection {
  /** The client's IP address. */
  readonly address: string;
  readonly port: number;
  readonly maxMessageBytes: number;
  /** Aborted when its time is over, the client is gone, or the server stops. */
  readonly signal: AbortSignal;
}

/** What may differ from one connection to the next. */
export interface ConnectionSettings {
  readonly secureContext: SecureContext;
  /** 0 = for ever. */
  readonly requestTimeoutMs: number;
  readonly maxMessageBytes: number;
}

/** A TCP port that speaks TLS to whoever says the first byte. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Connections at this moment. */
  readonly connections: number;
  /** Stops listening, waits at most `graceMs` for conversations that run, then ends them. */
  close(graceMs: number): Promise<void>;
}

/**
 * Listens for TLS clients. A connection costs a socket until its first bytes arrive; only then it gets a TLS
 * engine. Every connection has a deadline, and there are at most so many, in all and from one address.
 *
 * @throws LatchkeyError `daemon/port-taken`
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const counter = new ConnectionCounter(options.maxConnections, options.maxConnectionsPerAddress);
  const running = new Map<Socket, Running>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const address = plainAddress(socket.remoteAddress ?? '');
    if (address === '') {
      socket.destroy();
      return;
    }
    const refused = counter.enter(address);
    if (refused !== undefined) {
      options.log('warn', `connection from ${address} refused: ${refused}`);
      socket.destroy();
      return;
    }
    running.set(socket, accept(socket, address, options));
    socket.once('close', () => {
      running.get(socket)?.closed();
      running.delete(socket);
      counter.leave(address);
    });
  });
  await bind(server, options);
  server.on('error', (error) => options.log('error', `listener: ${error.message}`));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('a TCP server has an address');
  return {
    host: bound.address,
    port: bound.port,
    get connections() {
      return running.size;
    },
    close: (graceMs) => closeAll(server, running, graceMs),
  };
}

/** A connection that is open. */
interface Running {
  /** Settles when its conversation, if it has one, is over. */
  readonly done: Promise<void>;
  readonly isIdle: () => boolean;
  /** To be called when the socket is gone. */
  readonly closed: () => void;
  readonly end: (reason: LatchkeyError) => void;
}

function accept(socket: Socket, address: string, options: ListenerOptions): Running {
  const { secureContext, requestTimeoutMs, maxMessageBytes } = options.settings();
  const port = socket.remotePort ?? 0;
  const abort = new AbortController();
  let conversation: Promise<void> | undefined;
  let isOver = false;
  let finish: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const end = (reason: LatchkeyError): void => {
    abort.abort(reason);
    socket.destroy();
    tls?.destroy();
  };
  const timer =
    requestTimeoutMs > 0
      ? setTimeout(() => {
          const seconds = requestTimeoutMs / 1_000;
          end(new LatchkeyError('myproxy/timed-out', `the request took longer than ${seconds} s`));
        }, requestTimeoutMs)
      : undefined;
  let tls: TLSSocket | undefined;
  const onEarlyError = (error: Error): void => {
    options.log('debug', `connection from ${address}: ${error.message}`);
    socket.destroy();
  };
  socket.on('error', onEarlyError);
  socket.once('readable', () => {
    // Bytes that are here already are handed to the TLS engine by its constructor.
    if (socket.readableLength === 0) {
      socket.destroy();
      return;
    }
    tls = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      requestCert: true,
      // Proxies never validate in OpenSSL as Node drives it; the conversation validates every chain itself.
      rejectUnauthorized: false,
    });
    const secured = tls;
    secured.on('error', (error) => {
      if (conversation === undefined)
        options.log('info', `Connection from ${address}: no TLS: ${error.message}`);
      secured.destroy();
    });
    secured.once('close', () => socket.destroy());
    secured.once('secure', () => {
      const connection = { address, port, maxMessageBytes, signal: abort.signal };
      conversation = options.serve(secured, connection).finally(() => {
        isOver = true;
        clearTimeout(timer);
        finish();
      });
    });
  });
  return {
    done,
    isIdle: () => conversation === undefined,
    closed: () => {
      clearTimeout(timer);
      if (conversation === undefined) finish();
      else if (!isOver) abort.abort(new LatchkeyError('myproxy/closed', 'the client closed the connection'));
    },
    end,
  };
}

function bind(server: Server, { host, port }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: Error & { code?: string }) => {
      const where = `${host ?? '*'}:${port}`;
      reject(
        cause.code === 'EADDRINUSE'
          ? new LatchkeyError('daemon/port-taken', `Port ${port} on ${host ?? '*'} already in use`, {
              cause,
              hint: 'another server runs there; choose another port, or stop that one',
            })
          : new LatchkeyError('daemon/port-taken', `cannot listen on ${where}: ${cause.message}`, { cause }),
      );
    });
    server.listen({ port, backlog: BACKLOG, ...(host === undefined ? {} : { host }) }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

async function closeAll(server: Server, running: Map<Socket, Running>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const stopping = new LatchkeyError('myproxy/cancelled', 'the server is stopping');
  const all = [...running.values()];
  for (const connection of all) if (connection.isIdle()) connection.end(stopping);
  const timer = setTimeout(() => {
    for (const connection of all) connection.end(stopping);
  }, graceMs);
  await Promise.all(all.map((connection) => connection.done));
  for (const socket of running.keys()) socket.destroy();
  clearTimeout(timer);
  await closed;
}

/** `::ffff:192.0.2.1` is the client 192.0.2.1. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
