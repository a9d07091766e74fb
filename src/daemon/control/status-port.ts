import { LatchkeyError } from '../../kit/index.ts';
import type { Observation } from '../observe/index.ts';
import type { DefectListener } from './answer.ts';
import { closeServer, smallHttpServer } from './http-server.ts';
import { statusRoutes } from './status-routes.ts';

/** A port that answers `/healthz`, `/readyz` and `/metrics`, and nothing else. */
export interface StatusPort {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Opens that port. It is plain HTTP and asks for no password: what it says has no secrets and no users' names.
 *
 * @param address `port` 0 = the kernel chooses
 * @throws LatchkeyError `daemon/port-taken`
 */
export async function startStatusPort(
  address: { readonly host: string; readonly port: number },
  observation: Pick<Observation, 'live' | 'ready' | 'metrics'>,
  onDefect?: DefectListener,
): Promise<StatusPort> {
  const server = smallHttpServer(statusRoutes(observation), onDefect);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${address.host}:${address.port}`;
      reject(
        new LatchkeyError('daemon/port-taken', `cannot listen on ${where}: ${cause.code ?? cause.message}`, {
          cause,
          hint: 'another program listens there, or the address is not of this host',
        }),
      );
    });
    server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('a TCP server has an address');
  return { host: bound.address, port: bound.port, close: () => closeServer(server) };
}
