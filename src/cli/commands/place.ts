import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findState, type RunningRecord, readRunning, type StatePaths } from '../../daemon/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';
import type { Invocation } from './command.ts';

/** The server and trust directory a client command works with, and where each of them was found. */
export interface Place {
  /** The state directory, when it decides. */
  readonly state: StatePaths | undefined;
  /** Who serves that state now. */
  readonly running: RunningRecord | undefined;
  readonly servers: Found<string> | undefined;
  readonly port: Found<number> | undefined;
  readonly trust: Found<string> | undefined;
  readonly serverDn: Found<string> | undefined;
}

/** A value and who said so. */
interface Found<Value> {
  readonly value: Value;
  readonly origin: string;
}

/**
 * Finds server and trust: options first, then the `.latchkey` state of this directory, then the environment. With `-s` the state
 * is left aside (unless `--state` names it): it is about another server.
 */
export async function findPlace({ given, context }: Invocation): Promise<Place> {
  const namedServer = given.text('server');
  const namedState = given.text('state');
  const state =
    namedServer !== undefined && namedState === undefined
      ? undefined
      : await findState({ directory: namedState, env: context.env, cwd: process.cwd(), uid: context.uid });
  const running = state === undefined ? undefined : await readRunning(state);
  const port = given.port('port');
  const { env } = context;
  return {
    state,
    running,
    servers: first(
      found(namedServer, '--server'),
      state && { value: 'localhost', origin: state.directory },
      found(env.MYPROXY_SERVER, 'MYPROXY_SERVER'),
    ),
    port: first(
      found(port, '--port'),
      running && { value: running.port, origin: state?.running ?? '' },
      state && { value: 7512, origin: 'default' },
      found(portOf(env.MYPROXY_SERVER_PORT), 'MYPROXY_SERVER_PORT'),
    ),
    trust: first(
      found(given.text('trust'), '--trust'),
      state && { value: state.trust, origin: state.directory },
      found(env.X509_CERT_DIR, 'X509_CERT_DIR'),
    ),
    serverDn: first(
      found(given.text('server-dn'), '--server-dn'),
      state === undefined ? found(env.MYPROXY_SERVER_DN, 'MYPROXY_SERVER_DN') : undefined,
    ),
  };
}

/** The server of a place. @throws LatchkeyError `config/missing` when nobody named one; `myproxy/connect` when the state is not being served */
export function requireServer(place: Place): string {
  const { servers, state, running } = place;
  if (servers === undefined) {
    throw new LatchkeyError('config/missing', 'no MyProxy server is named', {
      hint: 'use -s HOST or set MYPROXY_SERVER; or run "latchkey serve" here to have one of your own',
    });
  }
  if (state !== undefined && running === undefined && place.port?.origin === 'default') {
    throw new LatchkeyError(
      'myproxy/connect',
      `nobody serves the state ${quote(state.directory)} at the moment`,
      {
        hint: `start the server in another terminal: latchkey serve${defaultState(state) ? '' : ` --state ${state.directory}`}`,
        retryable: true,
      },
    );
  }
  return servers.value;
}

/** A user's folder in a state. */
export interface StateUser {
  readonly name: string;
  readonly certificate: string;
  readonly key: string;
}

/** The users of a state, by name. */
export async function stateUsers(state: StatePaths): Promise<StateUser[]> {
  const entries = await readdir(state.users, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => stateUser(state, entry.name))
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** Where a user's files are, whether they exist or not. */
export function stateUser(state: StatePaths, name: string): StateUser {
  const directory = join(state.users, name);
  return { name, certificate: join(directory, 'usercert.pem'), key: join(directory, 'userkey.pem') };
}

function defaultState(state: StatePaths): boolean {
  return state.directory === join(process.cwd(), '.latchkey');
}

function portOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

function found<Value>(value: Value | undefined, origin: string): Found<Value> | undefined {
  return value === undefined ? undefined : { value, origin };
}

function first<Value>(...candidates: readonly (Found<Value> | undefined)[]): Found<Value> | undefined {
  return candidates.find((candidate) => candidate !== undefined);
}
