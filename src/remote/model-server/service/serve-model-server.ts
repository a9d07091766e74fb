import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLatchkeyError, LatchkeyError, quote, Secret, writeFileAtomic } from '../../../kit/index.ts';
import { ObjectServer } from '../../../pyro/index.ts';
import { localHost } from '../host/local-host.ts';
import type { ModelHost } from '../host/model-host.ts';
import { isLive } from '../job-entry.ts';
import { ModelServer } from '../model-server.ts';
import { startWarden, type Warden } from '../orphans/warden.ts';
import { type OrphanWatch, watchOrphans } from '../orphans/watch-orphans.ts';
import type { ModelServerEvent } from '../server-parts.ts';
import type { ModelServerSettings } from '../settings/model-server-settings.ts';
import { exposedServer } from './exposed-server.ts';
import { jobNames } from './names.ts';
import { proveModel } from './prove-model.ts';

/** A model server that clients can call. */
export interface ServedModelServer {
  readonly server: ModelServer;
  /** What clients connect to. */
  readonly uri: string;
  /** What they must know. */
  readonly key: Secret;
  /** Resolves when somebody has asked it to end, with what becomes of its jobs. */
  readonly asked: Promise<'end' | 'leave'>;
  close(jobs?: 'end' | 'leave'): Promise<void>;
}

export interface ServeOptions {
  /** The command that serves a class; see {@link localHost}. */
  readonly classRuntime: readonly string[];
  readonly onEvent?: ((event: ModelServerEvent) => void) | undefined;
  /**
   * The command that runs {@link watchModelOrphans} when this process has ended without ending its jobs; directory, grace and stop time are added to
   * it. Absent = such jobs wait for the next server for ever.
   */
  readonly warden?: readonly string[] | undefined;
  /** Where jobs run; default: on this machine. */
  readonly host?: ModelHost | undefined;
}

/** How a server's own account reaches it: the socket in its directory, and the object's name there. */
export const MODEL_SERVER_CONTROL = { socket: 'control', object: 'models' } as const;
const KEY_FILE = 'key';

/**
 * Starts a model server on its directory, and listens.
 *
 * @throws LatchkeyError `daemon/already-running`, `file/unsafe`, `pyro/address`
 */
export async function serveModelServer(
  settings: ModelServerSettings,
  { classRuntime, onEvent, warden: command, host = localHost(classRuntime) }: ServeOptions,
): Promise<ServedModelServer> {
  await makePrivate(settings.directory);
  let ask: (jobs: 'end' | 'leave') => void = () => {};
  const asked = new Promise<'end' | 'leave'>((resolve) => {
    ask = resolve;
  });
  // Whoever listens on the operator's socket has the directory.
  const control = await listenControl(join(settings.directory, MODEL_SERVER_CONTROL.socket));
  try {
    const key = settings.key ?? (await ownKey(join(settings.directory, KEY_FILE)));
    const warden = wardenOf(settings, command);
    const server = await ModelServer.open(
      { ...settings, key },
      { host, prove: proveModel, ...(onEvent === undefined ? {} : { onEvent }) },
    );
    try {
      return await listenPublic(settings, { server, control, key, ask, asked, onEvent, warden });
    } catch (error) {
      warden?.dismiss();
      await server.close('leave');
      throw error;
    }
  } catch (error) {
    await control.close(0);
    throw error;
  }
}

async function listenPublic(
  settings: ModelServerSettings,
  parts: {
    readonly server: ModelServer;
    readonly control: ObjectServer;
    readonly key: Secret;
    readonly asked: ServedModelServer['asked'];
    readonly onEvent: ServeOptions['onEvent'];
    readonly warden: Warden | undefined;
    ask(jobs: 'end' | 'leave'): void;
  },
): Promise<ServedModelServer> {
  const { server, control, key, asked, ask, onEvent, warden } = parts;
  // The server's name may have an @ in it, which no object's name can: the registry has the one for the other.
  const { object } = MODEL_SERVER_CONTROL;
  const objects = await ObjectServer.listen({
    ...listening(settings, key),
    ...(settings.published === undefined ? {} : { published: settings.published }),
  });
  const uri = objects.publish(exposedServer(server, { isOperator: false, stop: ask }), object);
  control.publish(exposedServer(server, { isOperator: true, stop: ask }), object);
  const onTrouble = ({ message }: Error) => onEvent?.({ event: 'trouble', text: `the registry: ${message}` });
  const names = jobNames({ ...settings, key }, onTrouble);
  server.onRunning = names?.add;
  await Promise.all(server.jobs.filter(({ entry }) => isLive(entry)).map((job) => names?.add(job)));
  const close = async (jobs: 'end' | 'leave' = 'end') => {
    try {
      await server.close(jobs);
    } finally {
      // A disk that is full does not keep it: what listens goes, or the program would never end.
      // Who leaves jobs leaves them to the next server: if none comes, they end.
      if (server.jobs.every(({ entry }) => !isLive(entry))) warden?.dismiss();
      await Promise.allSettled([names?.close()]);
      await objects.close(0);
      await control.close(1000);
    }
  };
  return { server, uri, key, asked, close };
}

/** Ends jobs that a server of this directory has left, and that nobody wants; see {@link watchOrphans}. */
export async function watchModelOrphans(watch: Omit<OrphanWatch, 'controlSocket'>): Promise<void> {
  await watchOrphans({ ...watch, controlSocket: join(watch.directory, MODEL_SERVER_CONTROL.socket) });
}

function wardenOf(
  { directory, limits }: ModelServerSettings,
  command: readonly string[] | undefined,
): Warden | undefined {
  const { orphanSeconds, stopSeconds } = limits;
  return command === undefined || orphanSeconds === 0
    ? undefined
    : startWarden([...command, directory, String(orphanSeconds), String(stopSeconds)]);
}

/** On a socket the handshake's token; on TCP Pyro4's HMAC besides, which its clients can do. */
function listening(settings: ModelServerSettings, key: Secret) {
  const { listen } = settings;
  if ('unix' in listen) return { address: { path: listen.unix }, token: key, authorize: byHandshake(key) };
  return { address: listen, hmacKey: key };
}

/** A Pyro client has no token, but can give the key as its handshake: on a socket nobody overhears it. */
export function byHandshake(key: Secret): (handshake: unknown) => undefined {
  return (handshake) => {
    if (typeof handshake === 'string' && new Secret(handshake).equals(key)) return undefined;
    throw new LatchkeyError('remote/unauthorised', 'the handshake is not the key of this server', {
      hint: 'clients of Pyro give it as proxy._pyroHandshake',
    });
  };
}

async function listenControl(path: string): Promise<ObjectServer> {
  try {
    return await ObjectServer.listen({ address: { path } });
  } catch (error) {
    if (isLatchkeyError(error, 'pyro/address') && /another server answers/.test(error.message))
      throw new LatchkeyError(
        'daemon/already-running',
        `a model server has this directory already: ${quote(path)}`,
        {
          cause: error,
          hint: 'latchkey models status shows it, latchkey models stop ends it',
        },
      );
    throw error;
  }
}

/** The directory of a server is its account's alone. */
async function makePrivate(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw new LatchkeyError('file/io', `cannot make ${quote(path)}: ${cause.code}`, { cause });
  });
  const status = await lstat(path);
  if (status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o077) === 0) return;
  throw new LatchkeyError('file/unsafe', `${quote(path)} is not a directory of this account alone`, {
    hint: `chmod 700 ${path}, or choose another directory: jobs' files and keys are kept there`,
  });
}

async function ownKey(path: string): Promise<Secret> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new LatchkeyError('file/io', `cannot read ${quote(path)}: ${error.code}`, { cause: error });
  });
  if (text.trim() !== '') return new Secret(text.trim());
  const made = randomBytes(32).toString('base64url');
  await writeFileAtomic(path, `${made}\n`, 0o600);
  return new Secret(made);
}
