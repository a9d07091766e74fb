import { lstat, readFile } from 'node:fs/promises';
import { LatchkeyError, quote, Secret } from '../../kit/index.ts';
import { formatLocation } from '../../pyro/index.ts';
import { type FoundRegistry, findRegistry, RegistryClient } from '../../remote/index.ts';
import type { Invocation } from './command.ts';

/** Does something with the registry that is meant, and leaves it. */
export async function withRegistry<T>(
  invocation: Invocation,
  act: (client: RegistryClient, found: FoundRegistry) => Promise<T>,
): Promise<T> {
  const { given, context } = invocation;
  const found = await findRegistry({
    given: given.text('ns'),
    env: context.env,
    workingDirectory: process.cwd(),
    uid: context.uid,
  });
  const hmacKey = await hmacKeyOf(invocation);
  let client: RegistryClient;
  try {
    client = await RegistryClient.connect(found.location, hmacKey === undefined ? {} : { hmacKey });
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    throw new LatchkeyError(
      error.code,
      `no registry at ${formatLocation(found.location)} (from ${found.from}): ${error.message}`,
      {
        cause: error,
        retryable: error.retryable,
        hint: error.hint ?? 'start one with "latchkey ns run", or say where it is with --ns or MUPIF_NS',
      },
    );
  }
  try {
    return await act(client, found);
  } finally {
    await client.close();
  }
}

/** The HMAC key of `--key-file`, else of the environment, as Pyro's own programs have it. */
export async function hmacKeyOf({ given, context }: Invocation): Promise<Secret | undefined> {
  const path = given.text('key-file');
  if (typeof path === 'string') return await secretOfFile(path);
  const { PYRO_HMAC_KEY: key } = context.env;
  return key === undefined || key === '' ? undefined : new Secret(key);
}

/** The first line of a file that nobody else can read. @throws LatchkeyError `file/unsafe`, `file/io` */
export async function secretOfFile(path: string): Promise<Secret> {
  try {
    const { mode } = await lstat(path);
    if ((mode & 0o077) !== 0)
      throw new LatchkeyError('file/unsafe', `others can read the key in ${quote(path)}`, {
        hint: `chmod 600 ${path}`,
      });
    const [line = ''] = (await readFile(path, 'utf8')).split('\n');
    if (line.trim() === '') throw new LatchkeyError('file/unsafe', `there is no key in ${quote(path)}`);
    return new Secret(line.trim());
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    throw new LatchkeyError(
      'file/io',
      `cannot read ${quote(path)}: ${(cause as NodeJS.ErrnoException).code}`,
      {
        cause,
      },
    );
  }
}
