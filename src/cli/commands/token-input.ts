import { readFile } from 'node:fs/promises';
import { isLatchkeyError, LatchkeyError, type Secret } from '../../kit/index.ts';
import { discoverToken, parseBearerToken, readBearerToken } from '../../tokens/index.ts';
import type { Invocation } from './command.ts';

/** A token a command works on, and where it was. */
export interface TokenInput {
  readonly token: Secret;
  readonly origin: string;
}

/**
 * The token of a command: the file named, standard input for `-`, else what bearer token discovery finds.
 *
 * @throws LatchkeyError `cli/usage` when the token itself was given: other people see the arguments of a process
 */
export async function tokenOf({ given, context }: Invocation): Promise<TokenInput> {
  const [file] = given.arguments;
  if (file === undefined) return await discoverToken({ env: context.env, uid: context.uid });
  refuseToken(file);
  if (file !== '-') return { token: await tokenInFile(file), origin: file };
  const token = parseBearerToken((await context.readInput()).toString('latin1'), 'standard input');
  if (token !== undefined) return { token, origin: 'standard input' };
  throw new LatchkeyError('tokens/not-found', 'standard input is empty');
}

/** A bare token, or the `.use` file of a credential monitor. */
async function tokenInFile(file: string): Promise<Secret> {
  try {
    return await readBearerToken(file);
  } catch (error) {
    // Read before, and so known to be small.
    if (!isLatchkeyError(error, 'tokens/malformed')) throw error;
    const { parseUse } = await import('../../credmon/index.ts');
    const kept = parseUse(await readFile(file, 'utf8'));
    if (kept?.format !== 'json') throw error;
    return kept.accessToken;
  }
}

/** The error does not repeat it. */
function refuseToken(argument: string): void {
  if (!/^ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\./.test(argument)) return;
  throw new LatchkeyError('cli/usage', 'this is a token, where the name of a file is expected', {
    hint: 'everybody on this machine could read it there, and your shell has written it down: put it into a file, or pipe it in with -',
  });
}

/** The parts of a list such as `a,b`. */
export function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(/[,\s]+/).filter((part) => part !== '');
}

/** An option that a command cannot do without. @throws LatchkeyError `cli/usage` */
export function required({ given }: Invocation, long: string, hint: string): string {
  const value = given.text(long);
  if (value !== undefined) return value;
  throw new LatchkeyError('cli/usage', `--${long} is missing`, { hint });
}

/** An option that must be one of a few words. @throws LatchkeyError `cli/usage` */
export function oneOf<Word extends string>(
  { given }: Invocation,
  long: string,
  words: readonly Word[],
): Word | undefined {
  const value = given.text(long);
  if (value === undefined) return undefined;
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  throw new LatchkeyError('cli/usage', `--${long} is one of ${words.join(', ')}, not "${value}"`);
}
