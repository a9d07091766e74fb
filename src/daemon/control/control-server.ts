import { chmodSync } from 'node:fs';
import { LatchkeyError, quote } from '../../kit/index.ts';
import type { RunningCredmon } from '../credmon/running-credmon.ts';
import { removeLeftSocket } from '../left-socket.ts';
import type { Observation } from '../observe/index.ts';
import type { Answer, DefectListener, Handler } from './answer.ts';
import { leaseDocument, type StatusDocument } from './documents.ts';
import { closeServer, smallHttpServer } from './http-server.ts';
import { statusRoutes } from './status-routes.ts';

declare const LATCHKEY_VERSION: string;

/** What Linux allows for the path of a socket. */
const LONGEST_PATH_BYTES = 107;
/** Requests without a provider that are told of. */
const MOST_UNSERVED = 1_000;

/** The part of a running monitor that the socket shows and moves. */
export type ControlledCredmon = Pick<
  RunningCredmon,
  'settings' | 'keeper' | 'startedAt' | 'lastScan' | 'unserved' | 'wake'
>;

/** What {@link startControl} serves, and where. */
export interface ControlOptions {
  /** Path of the socket, in a directory that only the monitor's user may enter. */
  readonly path: string;
  readonly credmon: ControlledCredmon;
  readonly observation: Observation;
  readonly onDefect?: DefectListener | undefined;
}

/** A control socket that is open. */
export interface Control {
  readonly path: string;
  /** Ends it and removes the socket. */
  close(): Promise<void>;
}

/**
 * Opens the control socket, 0600: JSON over HTTP for `latchkey credmon …`.
 *
 * @throws LatchkeyError `daemon/already-running` when somebody answers there; `file/io`
 */
export async function startControl({
  path,
  credmon,
  observation,
  onDefect,
}: ControlOptions): Promise<Control> {
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES)
    throw new LatchkeyError(
      'config/invalid',
      `the path of the control socket has more than ${LONGEST_PATH_BYTES} bytes: ${quote(path)}`,
      { hint: 'choose a state directory with a shorter path' },
    );
  await removeLeftSocket(path, 'a monitor');
  const server = smallHttpServer(controlRoutes(credmon, observation), onDefect);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code ?? cause.message;
      reject(
        new LatchkeyError('file/io', `cannot open the control socket ${quote(path)}: ${why}`, { cause }),
      );
    });
    // The socket is made while listen() runs: nobody else can open it between that and chmod.
    const umask = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(umask);
    }
  });
  chmodSync(path, 0o600);
  return { path, close: () => closeServer(server) };
}

function controlRoutes(credmon: ControlledCredmon, observation: Observation): Handler {
  const machines = statusRoutes(observation);
  return async (request) => {
    const { method, url } = request;
    const [version, noun, id, verb, ...rest] = url.pathname.slice(1).split('/').map(decoded);
    if (version !== 'v1' || rest.length > 0) return machines(request);
    const call = `${method} ${[noun, ...(id === undefined ? [] : ['*']), ...(verb === undefined ? [] : [verb])].join('/')}`;
    switch (call) {
      case 'GET status':
        return { status: 200, json: await statusOf(credmon, observation) };
      case 'GET leases':
        return { status: 200, lines: leasesOf(credmon, url.searchParams.get('user')) };
      case 'GET leases/*':
        return oneLease(credmon, id ?? '');
      case 'POST leases/*/renew':
        oneLease(credmon, id ?? '');
        return { status: 200, json: leaseDocument(await credmon.keeper.renewNow(id ?? '')) };
      case 'POST wake':
        await credmon.wake();
        return { status: 200, json: { ok: true } };
      default:
        return undefined;
    }
  };
}

async function statusOf(credmon: ControlledCredmon, observation: Observation): Promise<StatusDocument> {
  const unserved: { id: string; message: string }[] = [];
  for (const { user, stem, finding } of credmon.unserved()) {
    if (unserved.length >= MOST_UNSERVED) break;
    unserved.push({ id: `${user}/${stem}`, message: finding.message });
  }
  const { settings, keeper, startedAt, lastScan } = credmon;
  return {
    version: LATCHKEY_VERSION,
    pid: process.pid,
    name: settings.name,
    directory: settings.directory,
    startedAt: startedAt.toISOString(),
    lastScanAt: lastScan?.startedAt.toISOString(),
    leases: keeper.size,
    ready: await observation.ready(),
    unserved,
    failures: observation
      .failuresByCause()
      .map(({ provider, cause, count, message, hint }) => ({ provider, cause, count, message, hint })),
  };
}

function* leasesOf({ keeper }: ControlledCredmon, user: string | null): Iterable<unknown> {
  for (const status of keeper.list())
    if (user === null || status.lease.owner === user) yield leaseDocument(status);
}

function oneLease({ keeper }: ControlledCredmon, id: string): Answer {
  const status = keeper.status(id);
  if (status === undefined)
    throw new LatchkeyError('credmon/not-found', `nothing is kept under the name ${quote(id)}`, {
      hint: 'latchkey credmon list shows what is',
    });
  return { status: 200, json: leaseDocument(status) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
