import { LatchkeyError, printable } from '../../kit/index.ts';
import { jsonText } from '../kit/json-text.ts';
import { processContext } from '../kit/process-context.ts';
import { writeDescriptor } from '../kit/write-sync.ts';
import type { Invocation, Report } from './command.ts';
import type { CommandSpec } from './command-spec.ts';
import { COMMANDS, GLOBAL_OPTIONS } from './command-table.ts';
import { commandText, exitCodeText, groupText, overviewText } from './help.ts';
import { reportFailure } from './report-error.ts';

declare const LATCHKEY_VERSION: string;

/**
 * The `latchkey` command: `argv` is what follows the program's name. Prints its results on standard output, its talk and
 * errors on standard error, and resolves to the exit code; it never throws and never calls `process.exit`.
 */
export async function runLatchkey(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  try {
    const answer = answerAtOnce(argv);
    if (answer !== undefined) {
      writeDescriptor(1, answer);
      return 0;
    }
    return await runCommand(argv, json);
  } catch (error) {
    const { text, exitCode } = reportFailure(error, json);
    writeDescriptor(2, text);
    return exitCode;
  }
}

/** What needs no command to run: version, help, completion's own questions. Loads nothing, so that it costs next to nothing. */
function answerAtOnce(argv: readonly string[]): string | undefined {
  const words = beforeDashes(argv);
  const names = words.filter((word) => !word.startsWith('-'));
  const [first] = names;
  if (words.includes('--version') || (first === undefined && words.includes('-V'))) return versionText(argv);
  if (first === undefined && words.every((word) => /^(-h|--help|--json)$/.test(word))) {
    return overviewText(LATCHKEY_VERSION, COMMANDS);
  }
  if (first === 'help') return helpOn(names.slice(1));
  if (words.includes('--help') || words.includes('-h')) return helpOn(names);
  if (names.length === 1 && words.length === 1 && isGroup(first)) return groupText(first, COMMANDS);
  return undefined;
}

function versionText(argv: readonly string[]): string {
  if (!argv.includes('--json')) return `latchkey ${LATCHKEY_VERSION}\n`;
  return `${JSON.stringify({ latchkey: LATCHKEY_VERSION, node: process.versions.node })}\n`;
}

function helpOn(names: readonly string[]): string {
  const [first] = names;
  if (first === undefined) return overviewText(LATCHKEY_VERSION, COMMANDS);
  if (first === 'exit-codes') return exitCodeText();
  const spec = findCommand(names);
  if (spec !== undefined) return commandText(spec, GLOBAL_OPTIONS);
  if (isGroup(first)) return groupText(first, COMMANDS);
  throw new LatchkeyError('cli/usage', `there is no command "${first}"`, {
    hint: 'latchkey --help lists them all',
  });
}

function findCommand(names: readonly string[]): CommandSpec | undefined {
  return COMMANDS.find(({ path }) => path.every((word, index) => names[index] === word));
}

function isGroup(word: string | undefined): word is string {
  return COMMANDS.some(({ path }) => path.length > 1 && path[0] === word);
}

/** Words after `--` are arguments, whatever they look like. */
function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}

async function runCommand(argv: readonly string[], json: boolean): Promise<number> {
  const { parseCommandLine } = await import('./command-line.ts');
  const { spec, given } = parseCommandLine(argv, COMMANDS, GLOBAL_OPTIONS);
  given.check(spec.options);
  const context = processContext('latchkey');
  const isQuiet = json || given.flag('quiet');
  const command = await spec.load();
  const invocation: Invocation = {
    given,
    context,
    json,
    note: (text) => {
      if (!isQuiet) context.err(`${text.split('\n').map(printable).join('\n')}\n`);
    },
  };
  return printReport(await command(invocation), json);
}

function printReport(report: Report, json: boolean): number {
  if (report.raw !== undefined) writeDescriptor(1, report.raw);
  else if (json) writeDescriptor(1, `${jsonText(report.json, 2)}\n`);
  // Names, scopes and addresses that users and servers chose stand in them.
  else if (report.lines.length > 0) writeDescriptor(1, `${report.lines.map(plainLine).join('\n')}\n`);
  return report.exitCode ?? 0;
}

function plainLine(line: string): string {
  return printable(line.replaceAll('\t', ' '));
}
