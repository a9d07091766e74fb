import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isLatchkeyError, LatchkeyError, quote, Secret } from '../../kit/index.ts';
import { connectObject, parseObjectUri, type RemoteObject } from '../../pyro/index.ts';
import { MODEL_SERVER_CONTROL } from '../../remote/index.ts';
import type { Invocation } from './command.ts';

/** The directory of the model server that a command is about. */
export function modelsDirectory({ given, context }: Invocation): string {
  const state = given.text('state') ?? context.env.LATCHKEY_STATE ?? '.latchkey';
  return resolve(given.text('directory') ?? join(state, 'models'));
}

/**
 * Connects to a model server: as its operator through its directory, or as any client with `--uri`.
 *
 * @throws LatchkeyError `cli/not-found` when none runs there
 */
async function connectModels(invocation: Invocation): Promise<RemoteObject> {
  const { given } = invocation;
  const uri = given.text('uri');
  if (uri !== undefined) return connectRemote(uri, given.text('key-file'));
  const directory = modelsDirectory(invocation);
  try {
    return await connectObject(
      `PYRO:${MODEL_SERVER_CONTROL.object}@./u:${join(directory, MODEL_SERVER_CONTROL.socket)}`,
    );
  } catch (error) {
    if (!isLatchkeyError(error, 'pyro/unreachable')) throw error;
    throw new LatchkeyError('cli/not-found', `no model server runs in ${quote(directory)}`, {
      cause: error,
      hint: 'latchkey models run starts one; -D DIR names the directory of another',
    });
  }
}

async function connectRemote(uri: string, keyFile: string | undefined): Promise<RemoteObject> {
  const { location } = parseObjectUri(uri);
  if (keyFile === undefined) return connectObject(uri);
  const text = await readFile(keyFile, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new LatchkeyError('config/missing', `cannot read ${quote(keyFile)}: ${cause.code}`, { cause });
  });
  const key = new Secret(text.trim());
  return connectObject(uri, 'path' in location ? { token: key } : { hmacKey: key, version: 4 });
}

/** Connects, does something, and hangs up. */
export async function withModels<T>(
  invocation: Invocation,
  act: (server: RemoteObject) => Promise<T>,
): Promise<T> {
  const server = await connectModels(invocation);
  try {
    return await act(server);
  } finally {
    await server.close();
  }
}

/** The id of a job whose number alone was typed; other words stay as they are. */
export async function jobIdOf(server: RemoteObject, word: string): Promise<string> {
  return /^\d+$/.test(word) ? `${word}@${await server.call('getNSName')}` : word;
}
