import { lstatSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isLatchkeyError, LatchkeyError, quote, Secret } from '../../kit/index.ts';
import type { RemoteObject } from '../../pyro/index.ts';
import { findRegistry, type LegacySettings, MODEL_SERVER_CONTROL } from '../../remote/index.ts';
import type { Invocation } from './command.ts';
import { jumpHosts, openSession } from './machine-session.ts';
import { type ModelsPlace, type ReachedModels, reachModels, type SshWay } from './models-reach.ts';
import {
  addIdentities,
  clientSettings,
  loginFindings,
  loginSession,
  networkMode,
} from './models-settings.ts';

/**
 * The directory of the model server that a command is about.
 *
 * @throws LatchkeyError `file/unsafe` when nobody has said where it is, and somebody else has put a `.latchkey` here
 */
export function modelsDirectory({ given, context }: Invocation): string {
  const named = given.text('directory') ?? given.text('state') ?? context.env.LATCHKEY_STATE;
  const state = given.text('state') ?? context.env.LATCHKEY_STATE ?? '.latchkey';
  if (named === undefined) checkOwn(resolve(state), context.uid);
  return resolve(given.text('directory') ?? join(state, 'models'));
}

function checkOwn(path: string, uid: number): void {
  const name = lstatSync(path, { throwIfNoEntry: false });
  const directory = statSync(path, { throwIfNoEntry: false });
  if (name === undefined || directory === undefined) return;
  if (name.uid === uid && directory.uid === uid && (directory.mode & 0o022) === 0) return;
  throw new LatchkeyError(
    'file/unsafe',
    `${quote(path)} was made by somebody else, or others may write to it`,
    {
      hint: 'work in another directory, or say where it is: -D DIR, --state DIR',
    },
  );
}

/** Connects, does something, and hangs up. @throws LatchkeyError `cli/not-found` when none runs there */
export async function withModels<T>(
  invocation: Invocation,
  act: (models: ReachedModels) => Promise<T>,
): Promise<T> {
  const models = (await reachOther(invocation)) ?? (await reachHere(invocation));
  try {
    return await act(models);
  } finally {
    await models.close();
  }
}

/** As its operator, through its directory. */
async function reachHere(invocation: Invocation): Promise<ReachedModels> {
  const directory = modelsDirectory(invocation);
  const { object, socket } = MODEL_SERVER_CONTROL;
  try {
    return await reachModels({ at: { uri: `PYRO:${object}@./u:${join(directory, socket)}` } });
  } catch (error) {
    if (!isLatchkeyError(error, 'pyro/unreachable')) throw error;
    throw new LatchkeyError('cli/not-found', `no model server runs in ${quote(directory)}`, {
      cause: error,
      hint: 'latchkey models run starts one; -D DIR names the directory of another',
    });
  }
}

/** As any client; undefined when no option names a server somewhere else. */
async function reachOther(invocation: Invocation): Promise<ReachedModels | undefined> {
  const { given, context } = invocation;
  const config = given.text('config');
  const mode = networkMode(given.text('mode') ?? '0');
  const settings = config === undefined ? undefined : await clientSettings(config, mode, context.env);
  const at = await placeOf(invocation, settings);
  if (at === undefined) {
    if (settings === undefined && given.text('machine') === undefined) return undefined;
    throw new LatchkeyError('cli/usage', 'which model server is not said', {
      hint: '--name NAME (jobManName in settings), or --uri URI',
    });
  }
  const isThroughSsh = given.text('machine') !== undefined || (settings !== undefined && mode === 1);
  return await reachModels({
    at,
    key: await keyOf(invocation, settings),
    ssh: isThroughSsh ? await sshWay(invocation, settings) : undefined,
  });
}

async function placeOf(
  { given, context }: Invocation,
  settings: LegacySettings | undefined,
): Promise<ModelsPlace['at'] | undefined> {
  const uri = given.text('uri');
  if (uri !== undefined) return { uri };
  const name = given.text('name') ?? settings?.name;
  if (name === undefined) return undefined;
  const ns = given.text('ns');
  if (ns === undefined && settings?.registry !== undefined) return { name, registry: settings.registry };
  const found = await findRegistry({
    ...{ given: ns, env: context.env, workingDirectory: process.cwd(), uid: context.uid },
  });
  return { name, registry: found.location };
}

async function keyOf(
  { given, context }: Invocation,
  settings: LegacySettings | undefined,
): Promise<Secret | undefined> {
  const file = given.text('key-file');
  if (file === undefined) {
    const { MUPIF_HKEY: key } = context.env;
    return settings?.key ?? (key === undefined || key === '' ? undefined : new Secret(key));
  }
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new LatchkeyError('config/missing', `cannot read ${quote(file)}: ${cause.code}`, { cause });
  });
  return new Secret(text.trim());
}

async function sshWay(invocation: Invocation, settings: LegacySettings | undefined): Promise<SshWay> {
  const { user, program, options = [], host } = settings?.ssh ?? {};
  const login = loginSession({
    ...{ machine: invocation.given.text('machine') ?? host, server: settings?.listen.host },
    ...{ user, program, options },
  });
  for (const text of loginFindings(settings, login)) invocation.note(`! ${text}`);
  const session = await openSession(invocation, login.options);
  try {
    await addIdentities(session, login.identityFiles);
  } catch (error) {
    await session.close();
    throw error;
  }
  return login.way(session, jumpHosts(invocation));
}

/** The id of a job whose number alone was typed; other words stay as they are. */
export async function jobIdOf(server: RemoteObject, word: string): Promise<string> {
  return /^\d+$/.test(word) ? `${word}@${await server.call('getNSName')}` : word;
}
