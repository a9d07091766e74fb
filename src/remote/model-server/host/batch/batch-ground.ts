import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { type ConnectTarget, parseServiceUrl, type ServiceUrl } from '../../../../jobs/index.ts';
import { LatchkeyError, Secret } from '../../../../kit/index.ts';
import { formatPyroUri, parseObjectUri } from '../../../../pyro/index.ts';
import { type Forward, openLocal, type SshConnection, type Transport } from '../../../../ssh/index.ts';
import { JOB_SOCKET, JOBS_DIRECTORY } from '../job-directory.ts';
import type { ModelPlace, Report } from '../report.ts';
import type { NodePlace } from './node-script.ts';

/** The machine that batch jobs are submitted on, and the directories of models there. */
export interface BatchGround {
  readonly transport: Transport;
  /** Absolute: below it are models' directories and the sandboxes of their batch jobs. */
  readonly root: string;
  /** True when the directories of this machine are those. */
  readonly isHere: boolean;
  /** The directory of a model there, by the one that is here. */
  directoryOf(directory: string): string;
  /** Makes a place on that side reachable from this one. */
  link(report: Report, place: ModelPlace): Promise<LinkedReport>;
}

/** A report with the address that clients use, and what keeps the way. */
interface LinkedReport {
  readonly report: Report;
  close(): Promise<void>;
}

export interface GroundOptions {
  readonly url: ServiceUrl;
  readonly connect: ((target: ConnectTarget) => Promise<SshConnection>) | undefined;
  /** The model server's own directory. */
  readonly directory: string;
}

/** Where the directories of model servers are on other machines, below the login directory. */
const ROOT_ELSEWHERE = '.latchkey/models';

/** @throws LatchkeyError of the connection; `jobs/url` without anything that connects */
export async function openGround(options: GroundOptions): Promise<BatchGround> {
  const { url, directory } = options;
  if (url.via === 'local') {
    const transport = openLocal();
    const link = (report: Report) => Promise.resolve({ report, close: () => Promise.resolve() });
    return { transport, root: directory, isHere: true, directoryOf: (path) => path, link };
  }
  const connection = await connectTo(options);
  const { exitCode, stdout } = await connection.script('cd && pwd -P', []);
  const home = stdout.toString('utf8').trim();
  if (exitCode !== 0 || !home.startsWith('/'))
    throw new LatchkeyError('jobs/scheduler', `${connection.description} tells no login directory`);
  // Servers of several machines and directories may use one account.
  const mark = createHash('sha256').update(`${hostname()} ${directory}`).digest('hex').slice(0, 10);
  const root = `${home}/${ROOT_ELSEWHERE}/${mark}`;
  return {
    ...{ transport: connection, root, isHere: false },
    directoryOf: (path) => `${root}/${JOBS_DIRECTORY}/${basename(path)}`,
    link: (report, place) => linkTo(connection, report, place),
  };
}

function connectTo({ url, connect }: GroundOptions): Promise<SshConnection> {
  const { via, host = '', port, user, password } = url;
  if (connect === undefined || (via !== 'ssh' && via !== 'gsissh'))
    throw new LatchkeyError('jobs/url', `"${url.text}" needs a session that reaches "${host}"`);
  return connect({
    ...{ scheme: via, host, port, user },
    password: password === undefined ? undefined : new Secret(password),
  });
}

/** The model listens there; its clients, and this server, come by a listener of this machine. */
async function linkTo(connection: SshConnection, report: Report, place: ModelPlace): Promise<LinkedReport> {
  const uri = parseObjectUri(report.uri);
  const { location } = uri;
  const connect = 'path' in location ? { socketPath: location.path } : location;
  const listen = 'unix' in place ? { socketPath: place.unix } : place;
  // Of a server before this one, whose connection ended with it.
  if ('unix' in place) await rm(place.unix, { force: true });
  const forward: Forward = await connection.forward({ kind: 'local', listen, connect }, { prove: false });
  const end = forward.spec.listen;
  const local =
    'socketPath' in end ? { path: end.socketPath } : { host: end.host ?? '127.0.0.1', port: end.port };
  return {
    report: {
      ...report,
      uri: formatPyroUri({ ...uri, location: local }),
      port: 'port' in local ? local.port : 0,
    },
    close: () => forward.close(),
  };
}

/** Where models listen when nobody says: on a node its address; on a machine itself a socket that only the account can open. */
export function nodePlaceOf(url: ServiceUrl, listen: string | undefined, directory: string): NodePlace {
  if (listen !== undefined && listen !== 'node') return { host: listen, port: 0 };
  return url.batch === undefined && listen === undefined ? { unix: join(directory, JOB_SOCKET) } : 'node';
}

/**
 * The address of a host of models.
 *
 * @throws LatchkeyError `jobs/url` when it is none, or names what a server without one does
 */
export function parseHostUrl(text: string): ServiceUrl {
  const url = parseServiceUrl(text);
  if (url.via === 'ec2' || (url.via === 'local' && url.batch === undefined))
    throw new LatchkeyError('jobs/url', `"${url.text}" is no host of models`, {
      hint: 'slurm://, slurm+ssh://HOST, ssh://HOST; without a host, jobs run on this machine',
    });
  return url;
}
