import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { LatchkeyError, quote } from '../kit/index.ts';
import { formatLocation, type PyroLocation } from './uri.ts';

/** The kernel's limit on the path of a socket, less the zero at its end. */
const LONGEST_PATH_BYTES = 107;

/**
 * Begins to listen. A socket file is 0600 from the start; one that nobody answers on is a leftover and is replaced, anything else is left alone.
 *
 * @returns the address, with the port that was chosen for port 0
 * @throws LatchkeyError `pyro/address`
 */
export async function listenAt(server: Server, address: PyroLocation): Promise<PyroLocation> {
  if ('path' in address) await removeStale(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(address, cause)));
    if ('path' in address) {
      // The socket is made while listen() runs: nobody else can open it between that and chmod.
      const umask = process.umask(0o177);
      try {
        server.listen(address.path, resolve);
      } finally {
        process.umask(umask);
      }
    } else server.listen(address.port, address.host, resolve);
  });
  server.removeAllListeners('error');
  if ('path' in address) {
    chmodSync(address.path, 0o600);
    return address;
  }
  const bound = server.address();
  return {
    host: address.host,
    port: bound !== null && typeof bound === 'object' ? bound.port : address.port,
  };
}

/** A socket that nobody answers on is a leftover of a crash. */
async function removeStale(path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES)
    throw new LatchkeyError(
      'pyro/address',
      `the path of a socket file has at most ${LONGEST_PATH_BYTES} bytes, not ${Buffer.byteLength(path)}: ${quote(path)}`,
      { hint: 'choose a shorter directory' },
    );
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isSocket())
    throw new LatchkeyError('pyro/address', `cannot listen on ${quote(path)}: another file is there`, {
      hint: 'remove it, or choose another path',
    });
  if (await isAnswered(path))
    throw new LatchkeyError('pyro/address', `cannot listen on ${quote(path)}: another server answers there`, {
      hint: 'stop it, or choose another path',
    });
  rmSync(path, { force: true });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A full backlog is answered, only not now.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has the port: choose another one, or 0 for any',
  EACCES: 'ports below 1024 and foreign directories need rights',
  EADDRNOTAVAIL: 'this machine does not have that address',
};

function cannotListen(address: PyroLocation, cause: NodeJS.ErrnoException): LatchkeyError {
  const code = cause.code ?? cause.message;
  const hint = HINTS[code];
  return new LatchkeyError('pyro/address', `cannot listen on ${formatLocation(address)}: ${code}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
