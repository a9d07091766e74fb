import { resolve } from 'node:path';
import { findState } from '../../daemon/index.ts';
import { LatchkeyError } from '../../kit/index.ts';
import { locateServerConfig } from '../../myproxy/index.ts';
import type { Invocation } from './command.ts';

/** The storage directory of `--storage`, for servers that are told it on their command line. */
export function storageOf({ given }: Pick<Invocation, 'given'>): string | undefined {
  const storage = given.text('storage');
  return storage === undefined ? undefined : resolve(storage);
}

/** The configuration a `config` command is about: the file given, the state's, else the C server's. @throws LatchkeyError `config/missing` */
export async function configFile({ given, context }: Invocation, argument: number): Promise<string> {
  const named = given.arguments[argument];
  if (named !== undefined) return named;
  const state = await findState({
    directory: given.text('state'),
    env: context.env,
    cwd: process.cwd(),
    uid: context.uid,
  });
  const found = state?.settings ?? (await locateServerConfig({ ...context.env }));
  if (found !== undefined) return found;
  throw new LatchkeyError('config/missing', 'there is no configuration to look at', {
    hint: 'name a file; without one it is the .latchkey state here, else /etc/myproxy-server.config',
  });
}
