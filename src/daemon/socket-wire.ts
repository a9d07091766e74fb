import type { TLSSocket } from 'node:tls';
import { LatchkeyError } from '../kit/index.ts';
import { MessageReader, type PeerInfo, type Wire } from '../myproxy/index.ts';
import { sentChain } from '../x509/index.ts';
import { socketSource } from './socket-source.ts';

const LINGER_MS = 1_000;
const MAX_LINGER_BYTES = 4 << 20;

/** What bounds one connection. */
export interface SocketWireOptions {
  readonly address: string;
  readonly port: number;
  readonly maxMessageBytes: number;
  readonly signal: AbortSignal;
}

/**
 * A wire over a TLS socket whose handshake has just ended. Must be called in the handshake's own event: only there
 * does Node still have the whole chain the client sent.
 */
export function socketWire(socket: TLSSocket, options: SocketWireOptions): Wire {
  const { address, port, maxMessageBytes, signal } = options;
  const tlsVersion = socket.getProtocol();
  const peer: PeerInfo = {
    certificates: sentChain(socket.getPeerX509Certificate()),
    address,
    port,
    ...(tlsVersion === null ? {} : { tlsVersion }),
  };
  const reader = new MessageReader(socketSource(socket), { maxMessageBytes, signal });
  let isClosed = false;
  return {
    peer,
    reader,
    write: (message) => write(socket, message),
    close: () => {
      if (isClosed) return;
      isClosed = true;
      closeQuietly(socket);
    },
  };
}

/** One message, flushed: C readers take what comes in one burst for one message, so the next must wait. */
function write(socket: TLSSocket, message: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed || !socket.writable) {
      reject(new LatchkeyError('myproxy/closed', 'the client has closed the connection'));
      return;
    }
    const onClose = (): void => {
      reject(new LatchkeyError('myproxy/closed', 'the client closed the connection during an answer'));
    };
    socket.once('close', onClose);
    socket.write(message, (error) => {
      socket.removeListener('close', onClose);
      if (error) {
        reject(
          new LatchkeyError('myproxy/closed', `the answer did not arrive: ${error.message}`, {
            cause: error,
          }),
        );
      } else resolve();
    });
  });
}

/**
 * Closes TCP without TLS close_notify, as the C server does (MyProxyClient waits for exactly that). Unread input would
 * turn the close into a reset that can overtake the last message: then what still comes is thrown away for a second.
 */
function closeQuietly(socket: TLSSocket): void {
  if (socket.destroyed) return;
  if (socket.readableLength === 0) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  let dropped = 0;
  socket.removeAllListeners('readable');
  socket.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > MAX_LINGER_BYTES) socket.destroy();
  });
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}
