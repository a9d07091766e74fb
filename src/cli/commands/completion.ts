import { LatchkeyError, quote } from '../../kit/index.ts';
import type { Invocation, Report } from './command.ts';
import type { CommandOption, CommandSpec } from './command-spec.ts';
import { COMMANDS, GLOBAL_OPTIONS } from './command-table.ts';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { zshCompletion } from './completion-zsh.ts';

type Generator = (table: readonly CommandSpec[], globals: readonly CommandOption[]) => string;

const GENERATORS: Readonly<Record<string, Generator>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `latchkey completion SHELL` */
export async function completion({ given }: Invocation): Promise<Report> {
  const shell = given.argument(0);
  const generate = Object.hasOwn(GENERATORS, shell) ? GENERATORS[shell] : undefined;
  if (generate === undefined) {
    throw new LatchkeyError('cli/usage', `there is no completion for ${quote(shell)}`, {
      hint: `there is one for ${Object.keys(GENERATORS).join(', ')}`,
    });
  }
  const script = generate(COMMANDS, GLOBAL_OPTIONS);
  return { json: { shell, script }, lines: script.trimEnd().split('\n') };
}
