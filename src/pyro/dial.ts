import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LatchkeyError } from '../kit/index.ts';
import { formatLocation, type PyroLocation } from './uri.ts';

/** Opens a stream to an address; a tunnel, or whatever leads there, can stand in for the socket. It gives up when the signal is aborted. */
export type Dial = (address: PyroLocation, signal: AbortSignal) => Promise<Duplex>;

/** @throws LatchkeyError `pyro/unreachable` */
export function dialSocket(address: PyroLocation, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return void reject(signal.reason);
    const socket =
      'path' in address
        ? connect({ path: address.path })
        : connect({ host: address.host, port: address.port, noDelay: true, keepAlive: true });
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', (cause: NodeJS.ErrnoException) => fail(unreachable(address, cause)));
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is the server running, and the port right?',
  ENOENT: 'there is no such socket file: is the server running?',
  EACCES: 'the socket file belongs to somebody else',
  ENOTFOUND: 'the name is not known here; a tunnel may be needed',
};

function unreachable(address: PyroLocation, cause: NodeJS.ErrnoException): LatchkeyError {
  const code = cause.code ?? cause.message;
  const hint = HINTS[code];
  return new LatchkeyError('pyro/unreachable', `cannot connect to ${formatLocation(address)}: ${code}`, {
    cause,
    retryable: code !== 'EACCES',
    details: { sent: false },
    ...(hint === undefined ? {} : { hint }),
  });
}
