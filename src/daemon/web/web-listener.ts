import { chmodSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { WebListen } from '../../credmon/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';
import type { Peer, WebApp } from '../../web/index.ts';
import { ConnectionCounter } from '../connection-counter.ts';
import { removeLeftSocket } from '../left-socket.ts';

const MAX_CONNECTIONS = 1_000;
/** From one address (of IPv6, a /64), unless a proxy stands between: one machine alone must not take all of them. */
const MAX_PER_ADDRESS = 200;
const MAX_HEADER_BYTES = 32 << 10;
const HEADERS_TIMEOUT_MS = 10_000;
const CERTIFICATE_MS = 3_600_000;
const REQUEST_TIMEOUT_MS = 30_000;
const LEAST_TLS = 'TLSv1.2';

/** Where and how a {@link WebApp} is served. */
export interface WebListenerOptions {
  readonly listen: WebListen;
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  readonly behindProxy: boolean;
  /** The operator's own socket: mode 0600, and whoever opens it needs no sign-in. */
  readonly isOperator?: boolean;
  /** Told of a certificate that cannot be taken into use. */
  log?(line: string): void;
}

/** An open listener. */
export interface WebListener {
  /** `https://127.0.0.1:8443`, or the path of the socket. */
  readonly address: string;
  /** Reads certificate and key again, as happens every hour; what cannot be used leaves the old ones in use. */
  renewCertificate(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves the application over HTTP or HTTPS, with bounds on connections, headers and time.
 *
 * @throws LatchkeyError `config/invalid` for plain HTTP on an address that others reach, `daemon/port-taken`, `file/io`
 */
export async function listenWeb(app: WebApp, options: WebListenerOptions): Promise<WebListener> {
  const { listen, tls } = options;
  if (tls === undefined && 'host' in listen && !isLoopback(listen.host))
    throw new LatchkeyError(
      'config/invalid',
      `the web page would be served without TLS on ${quote(listen.host)}`,
      { hint: 'give it a certificate and key, or let it listen on 127.0.0.1 behind a proxy that has them' },
    );
  const listener = getRequestListener(
    (request, env) => app.fetch(request, peerOf((env as HttpBindings).incoming, options)),
    { overrideGlobalObjects: false },
  );
  const bounds = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  };
  const handle = (...[incoming, outgoing]: Parameters<typeof listener>): void => {
    void listener(incoming, outgoing);
  };
  const server =
    tls === undefined
      ? createHttpServer(bounds, handle)
      : createHttpsServer(
          {
            ...bounds,
            ...(await readPair(tls)),
            minVersion: LEAST_TLS,
            handshakeTimeout: HEADERS_TIMEOUT_MS,
          },
          handle,
        );
  server.maxConnections = MAX_CONNECTIONS;
  if (!options.behindProxy && 'host' in listen) boundAddresses(server);
  // Certificates are renewed under a running page; one that cannot be read leaves the old in use.
  const renewCertificate = async (): Promise<void> => {
    if (tls === undefined || !(server instanceof HttpsServer)) return;
    try {
      server.setSecureContext({ ...(await readPair(tls)), minVersion: LEAST_TLS });
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unusable';
      options.log?.(`the certificate stays as it was, what is there now cannot be used: ${reason}`);
    }
  };
  const renewal = setInterval(() => void renewCertificate(), CERTIFICATE_MS).unref();
  await open(server, listen, options.isOperator === true ? 0o600 : 0o660);
  return {
    address: addressOf(server, listen, tls !== undefined),
    renewCertificate,
    close: () =>
      new Promise((resolve) => {
        clearInterval(renewal);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function boundAddresses(server: Server | HttpsServer): void {
  const counter = new ConnectionCounter(MAX_CONNECTIONS, MAX_PER_ADDRESS);
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    if (counter.enter(address) !== undefined) return void socket.destroy();
    socket.once('close', () => counter.leave(address));
  });
}

/** Headers are believed only from the proxy that the operator says is there: its own entry is the last. */
function peerOf(incoming: IncomingMessage, { behindProxy, isOperator }: WebListenerOptions): Peer {
  if (isOperator === true) return { isOperator };
  if (!behindProxy) return { address: incoming.socket.remoteAddress };
  const forwarded = [incoming.headers['x-forwarded-for'] ?? []].flat().join(',').split(',').at(-1)?.trim();
  return { address: forwarded === '' ? incoming.socket.remoteAddress : forwarded };
}

async function readPair(tls: {
  certificateFile: string;
  keyFile: string;
}): Promise<{ cert: Buffer; key: Buffer }> {
  try {
    const [cert, key] = await Promise.all([readFile(tls.certificateFile), readFile(tls.keyFile)]);
    return { cert, key };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot read the certificate of the web page: ${reason}`, { cause });
  }
}

async function open(server: Server | HttpsServer, listen: WebListen, mode: number): Promise<void> {
  if ('socket' in listen) await removeLeftSocket(listen.socket, 'somebody');
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = 'socket' in listen ? listen.socket : `${listen.host}:${listen.port}`;
      reject(
        new LatchkeyError('daemon/port-taken', `cannot listen on ${where}: ${cause.code ?? cause.message}`, {
          cause,
        }),
      );
    });
    if ('socket' in listen) {
      // The socket is made while listen() runs: nobody else can open it between that and chmod.
      const umask = process.umask(0o777 & ~mode);
      try {
        server.listen(listen.socket, resolve);
      } finally {
        process.umask(umask);
      }
    } else server.listen(listen.port, listen.host, resolve);
  });
  if ('socket' in listen) chmodSync(listen.socket, mode);
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/.test(host);
}

function addressOf(server: Server | HttpsServer, listen: WebListen, isTls: boolean): string {
  if ('socket' in listen) return listen.socket;
  const { address, family, port } = server.address() as AddressInfo;
  return `${isTls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
