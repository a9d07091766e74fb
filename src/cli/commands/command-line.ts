import { Command, CommanderError, Option } from 'commander';
import { LatchkeyError } from '../../kit/index.ts';
import type { CommandOption, CommandSpec } from './command-spec.ts';
import { Given } from './given.ts';

/** What a command line asks for. */
export interface ParsedCommandLine {
  readonly spec: CommandSpec;
  readonly given: Given;
}

/**
 * Reads a command line by the table, with the nearest known name in the hint when a word is not known.
 *
 * @param globals options that every command takes, before or after its name
 * @throws LatchkeyError `cli/usage`
 */
export function parseCommandLine(
  argv: readonly string[],
  table: readonly CommandSpec[],
  globals: readonly CommandOption[],
): ParsedCommandLine {
  let found: ParsedCommandLine | undefined;
  const root = prepare(new Command('latchkey'), globals);
  const parents = new Map<string, Command>();
  for (const spec of table) {
    const [first = '', second] = spec.path;
    let parent = root;
    if (second !== undefined) {
      parent = parents.get(first) ?? prepare(root.command(first), globals);
      parents.set(first, parent);
    }
    const command = prepare(parent.command(second ?? first), [...spec.options, ...globals]);
    for (const { name, required = true } of spec.arguments ?? []) {
      command.argument(required ? `<${name}>` : `[${name}]`);
    }
    command.action(() => {
      const options = [...spec.options, ...globals];
      found = { spec, given: new Given(command.args, readOptions(command, options)) };
    });
  }
  try {
    root.parse(argv, { from: 'user' });
  } catch (error) {
    throw error instanceof CommanderError ? usageError(error, argv, parents) : error;
  }
  if (found === undefined)
    throw new LatchkeyError('cli/usage', 'a command is expected', { hint: 'latchkey --help lists them' });
  return found;
}

function prepare(command: Command, options: readonly CommandOption[]): Command {
  command
    .helpOption(false)
    .helpCommand(false)
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => {}, writeOut: () => {} });
  for (const option of options) command.addOption(toOption(option));
  return command;
}

function toOption(option: CommandOption): Option {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return new Option(`${short}--${option.long}${option.value === undefined ? '' : ` <${option.value}>`}`);
}

function readOptions(command: Command, options: readonly CommandOption[]): Map<string, string | true> {
  const values: Record<string, unknown> = command.optsWithGlobals();
  const read = new Map<string, string | true>();
  for (const option of options) {
    // Commander reads a name that begins with "no-" as the negation of the rest: true unless given.
    const parsed = toOption(option);
    const value = values[parsed.attributeName()];
    if (parsed.negate) {
      if (value === false) read.set(option.long, true);
    } else if (typeof value === 'string' || value === true) read.set(option.long, value);
  }
  return read;
}

/** Commander's complaint in our own form: its suggestion becomes the hint. */
function usageError(
  error: CommanderError,
  argv: readonly string[],
  parents: ReadonlyMap<string, Command>,
): LatchkeyError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /\(Did you mean (.*)\?\)/.exec(rest.join(' '))?.[1];
  const message = first
    .replaceAll("'", '"')
    .replace(/\. Expected.*$/, '')
    .replace(/^missing required argument/, 'missing argument')
    // Commander wants to print its help here.
    .replace(/^\(outputHelp\)$/, `a command is expected after "${argv.find((arg) => parents.has(arg))}"`);
  const [word = '', second = ''] = argv.filter((arg) => !arg.startsWith('-'));
  const isInGroup = parents.get(word)?.commands.some((command) => command.name() === second) === true;
  const call =
    parents.has(word) || error.code !== 'commander.unknownCommand'
      ? `latchkey ${isInGroup ? `${word} ${second}` : word} --help`
      : 'latchkey --help';
  const hint = /^unknown option "--?pass/.test(message)
    ? 'pass phrases are never options: use --pass-phrase-file FILE or --pass-phrase-stdin, or type it when asked'
    : suggestion === undefined
      ? `${call.replace('  ', ' ')} tells what there is`
      : `did you mean ${suggestion}?`;
  return new LatchkeyError('cli/usage', message, { hint });
}
