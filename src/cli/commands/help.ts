import { wrap } from '../kit/wrap.ts';
import type { CommandOption, CommandSpec } from './command-spec.ts';
import { EXIT_CODES } from './exit-codes.ts';

const WIDTH = 100;

/** The overview: every command under its group. */
export function overviewText(version: string, table: readonly CommandSpec[]): string {
  const calls = table.map((spec) => callOf(spec));
  const column = Math.max(...calls.map((call) => call.length)) + 4;
  const groups = new Map<string, string[]>();
  table.forEach((spec, index) => {
    const lines = groups.get(spec.group) ?? [];
    lines.push(`  ${(calls[index] ?? '').padEnd(column)}${spec.summary}`);
    groups.set(spec.group, lines);
  });
  const sections = [...groups].map(([group, lines]) => `${group}\n${lines.join('\n')}\n`);
  return [
    `latchkey ${version}: credentials that follow your work\n`,
    'usage: latchkey COMMAND [options]\n',
    ...sections,
    'latchkey COMMAND --help tells more; --json works everywhere; --version, --help.',
    'In a directory with a .latchkey state, commands find server, trust and users by themselves.',
    '',
  ].join('\n');
}

/** The commands below one word: `latchkey proxy`. */
export function groupText(word: string, table: readonly CommandSpec[]): string {
  const rows = table.filter((spec) => spec.path[0] === word);
  const calls = rows.map((spec) => callOf(spec));
  const column = Math.max(...calls.map((call) => call.length)) + 4;
  const lines = rows.map((spec, index) => `  ${(calls[index] ?? '').padEnd(column)}${spec.summary}`);
  return [`usage: latchkey ${word} COMMAND [options]\n`, ...lines, ''].join('\n');
}

/** All there is to know about one command. */
export function commandText(spec: CommandSpec, globals: readonly CommandOption[]): string {
  const sections = [
    `usage: latchkey ${callOf(spec)} [options]\n`,
    ...wrap(`${sentence(spec.summary)}`, WIDTH),
    '',
  ];
  const args = spec.arguments ?? [];
  if (args.length > 0) {
    sections.push(...entries(args.map((argument) => [argument.name, argument.help])), '');
  }
  const options = [...spec.options, ...globals];
  sections.push('options:', ...entries(options.map((option) => [optionHead(option), option.help])), '');
  if (spec.details !== undefined) sections.push(...wrap(spec.details, WIDTH), '');
  if (spec.examples !== undefined) {
    sections.push('examples:', ...spec.examples.map((example) => `  ${example}`), '');
  }
  return sections.join('\n');
}

/** What the exit codes mean. */
export function exitCodeText(): string {
  return `${EXIT_CODES.map(([code, meaning]) => `${String(code).padStart(4)}  ${meaning}`).join('\n')}\n`;
}

/** A command with its arguments: `user add NAME`. */
function callOf(spec: CommandSpec): string {
  const args = (spec.arguments ?? []).map(({ name, required = true }) => (required ? name : `[${name}]`));
  return [...spec.path, ...args].join(' ');
}

function optionHead(option: CommandOption): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  return `${short}--${option.long}${option.value === undefined ? '' : ` ${option.value}`}`;
}

function entries(rows: readonly (readonly [string, string])[]): string[] {
  const column = Math.min(30, Math.max(...rows.map(([head]) => head.length))) + 2;
  return rows.flatMap(([head, help]) => {
    const [first = '', ...more] = wrap(help, WIDTH - column - 2);
    const indent = ' '.repeat(column + 2);
    if (head.length + 2 > column) return [`  ${head}`, indent + first, ...more.map((line) => indent + line)];
    return [`  ${head.padEnd(column)}${first}`, ...more.map((line) => indent + line)];
  });
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
