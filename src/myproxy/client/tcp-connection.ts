import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Clock, isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import type { PortRange } from './environment.ts';
import type { NoticeListener } from './notice.ts';
import { formatServer, type ServerAddress } from './server-list.ts';
import { within } from './time-limit.ts';

/** How {@link connectTcp} connects. */
export interface TcpOptions {
  readonly timeoutMs: number;
  readonly portRange?: PortRange | undefined;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly notify: NoticeListener;
}

/**
 * Connects to a server, each of its addresses in turn, with small writes sent at once (TCP_NODELAY).
 *
 * @throws LatchkeyError `myproxy/connect` or `myproxy/timed-out` of the last address; `myproxy/cancelled`
 */
export async function connectTcp(server: ServerAddress, options: TcpOptions): Promise<Socket> {
  const addresses = await resolveAddresses(server, options);
  let failure: unknown;
  for (const [index, address] of addresses.entries()) {
    try {
      return await connectAddress(server, address, options);
    } catch (error) {
      if (isLatchkeyError(error, 'myproxy/cancelled')) throw error;
      failure = error;
      if (index + 1 < addresses.length) {
        const reason = error instanceof Error ? error.message : String(error);
        options.notify({
          code: 'server-skipped',
          message: `${reason}; trying its next address`,
          details: { host: server.host, port: server.port, address },
        });
      }
    }
  }
  throw failure;
}

async function resolveAddresses(server: ServerAddress, options: TcpOptions): Promise<readonly string[]> {
  try {
    const found = await within(
      {
        what: `no address found for "${server.host}"`,
        milliseconds: options.timeoutMs,
        clock: options.clock,
        signal: options.signal,
      },
      () => lookup(server.host, { all: true, verbatim: true }),
      () => {}, // a look-up cannot be stopped; its answer is ignored
    );
    return [...new Set(found.map((entry) => entry.address))];
  } catch (cause) {
    if (isLatchkeyError(cause)) throw cause;
    throw new LatchkeyError('myproxy/connect', `there is no address for the host name "${server.host}"`, {
      cause,
      retryable: codeOf(cause) === 'EAI_AGAIN',
      hint: 'is the name of the MyProxy server right (MYPROXY_SERVER), and does this machine have a network?',
    });
  }
}

async function connectAddress(server: ServerAddress, address: string, options: TcpOptions): Promise<Socket> {
  const { portRange } = options;
  for (let localPort = portRange?.min; ; localPort = localPort === undefined ? undefined : localPort + 1) {
    const socket = connect({
      host: address,
      port: server.port,
      noDelay: true,
      ...(localPort === undefined ? {} : { localPort }),
    });
    try {
      await within(
        {
          what: `no connection to ${describe(server, address)}`,
          milliseconds: options.timeoutMs,
          clock: options.clock,
          signal: options.signal,
        },
        () => once(socket, 'connect'),
        () => socket.destroy(),
      );
      return socket;
    } catch (cause) {
      socket.destroy();
      const taken = ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'].includes(codeOf(cause) ?? '');
      if (taken && localPort !== undefined && portRange !== undefined && localPort < portRange.max) continue;
      throw isLatchkeyError(cause) ? cause : connectError(server, address, cause, portRange);
    }
  }
}

function connectError(
  server: ServerAddress,
  address: string,
  cause: unknown,
  portRange: PortRange | undefined,
): LatchkeyError {
  const code = codeOf(cause);
  if (code === 'EADDRINUSE' && portRange !== undefined) {
    return new LatchkeyError(
      'myproxy/connect',
      `no free local port from ${portRange.min} to ${portRange.max} to connect from`,
      { cause, retryable: true, hint: 'widen MYPROXY_TCP_PORT_RANGE (GLOBUS_TCP_PORT_RANGE)' },
    );
  }
  const row = CONNECT_ERRORS[code ?? ''];
  const reason = row?.reason ?? (cause instanceof Error ? cause.message : String(cause));
  return new LatchkeyError('myproxy/connect', `cannot connect to ${describe(server, address)}: ${reason}`, {
    cause,
    retryable: true,
    ...(row === undefined ? {} : { hint: row.hint }),
    details: { host: server.host, port: server.port, address },
  });
}

const WHICH_SERVER =
  'is it the right server and port (MYPROXY_SERVER, MYPROXY_SERVER_PORT; MyProxy listens on 7512 as a rule), and is it running?';

const CONNECT_ERRORS: Readonly<Record<string, { readonly reason: string; readonly hint: string }>> = {
  ECONNREFUSED: { reason: 'connection refused', hint: WHICH_SERVER },
  ECONNRESET: { reason: 'the connection was reset', hint: WHICH_SERVER },
  ETIMEDOUT: { reason: 'no answer', hint: WHICH_SERVER },
  EHOSTUNREACH: {
    reason: 'the host cannot be reached',
    hint: 'is there a network, and a route to this host?',
  },
  ENETUNREACH: {
    reason: 'the network cannot be reached',
    hint: 'is there a network, and a route to this host?',
  },
};

function describe(server: ServerAddress, address: string): string {
  return address === server.host ? formatServer(server) : `${formatServer(server)} (${address})`;
}

/** The system's code of an error, such as `ECONNREFUSED`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
