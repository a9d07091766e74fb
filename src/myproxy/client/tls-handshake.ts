import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../../kit/index.ts';
import {
  type Certificate,
  type Credential,
  parseCertificate,
  sentChain,
  tlsIdentity,
} from '../../x509/index.ts';
import type { ClientEnvironment } from './environment.ts';
import { formatServer, type ServerAddress } from './server-list.ts';
import { within } from './time-limit.ts';

/** How {@link handshake} shakes hands. */
export interface HandshakeOptions {
  readonly server: ServerAddress;
  /** Whom to be; absent = anonymous. */
  readonly credential?: Credential | undefined;
  readonly environment: ClientEnvironment;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Turns a TCP connection into a TLS one and tells which certificates the server sent. Nothing about them has been
 * checked: Node cannot validate proxies, so it is told not to, and the caller does it before a byte is sent.
 *
 * @throws the socket's own error; LatchkeyError `myproxy/timed-out`, `myproxy/cancelled`
 */
export async function handshake(
  tcp: Socket,
  options: HandshakeOptions,
): Promise<{ readonly socket: TLSSocket; readonly chain: readonly Certificate[] }> {
  const { server, credential, environment } = options;
  const socket = connect({
    socket: tcp,
    rejectUnauthorized: false,
    minVersion: environment.minTlsVersion,
    maxVersion: environment.maxTlsVersion,
    // No root certificates: they would not be used, and reading Node's own costs a short-lived tool several milliseconds.
    ca: [],
    // C clients send no server name, but C servers understand one (X509_VHOST_CRED_DIR).
    ...(isIP(server.host) === 0 ? { servername: server.host } : {}),
    ...(environment.ciphers === undefined ? {} : { ciphers: environment.ciphers }),
    ...(credential === undefined ? {} : tlsIdentity(credential)),
  });
  // An error that comes after somebody has stopped listening must not end the process.
  for (const stream of [tcp, socket]) stream.on('error', () => {});
  try {
    await within(
      {
        what: `no TLS handshake with ${formatServer(server)}`,
        milliseconds: options.timeoutMs,
        clock: options.clock,
        signal: options.signal,
      },
      () => once(socket, 'secureConnect'),
      () => socket.destroy(),
    );
    return { socket, chain: sentChain(socket.getPeerX509Certificate()).map(parseCertificate) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
