import type { OptionSpec } from './getopt.ts';
import { wrap } from './wrap.ts';

declare const LATCHKEY_VERSION: string;

/** The release of Latchkey, e.g. `0.1.0`. */
export const latchkeyVersion: string = LATCHKEY_VERSION;

/** Where the longest line of a usage text ends. */
const WIDTH = 79;

/** The usage text of a tool with `getopt` options: its forms, then one entry an option, made from the table that also parses. */
export function usageText(tool: string, synopsis: string, options: readonly OptionSpec[]): string {
  const heads = options.map(optionHead);
  const column = Math.min(36, Math.max(...heads.map((head) => head.length)) + 2);
  const entries = options.flatMap((option, index) => entryLines(heads[index] ?? '', option.help, column));
  return [
    '',
    `Syntax: ${tool} ${synopsis}`,
    `        ${tool} [-usage|-help] [-version]`,
    '',
    '   Options',
    ...entries,
    '',
    '',
  ].join('\n');
}

function optionHead(option: OptionSpec): string {
  const names = [
    ...(option.short === undefined ? [] : [`-${option.short}`]),
    ...(option.long === undefined ? [] : [`--${option.long}`]),
  ];
  return `${names.join(' | ')}${option.value === undefined ? '' : ` <${option.value}>`}`;
}

function entryLines(head: string, help: string, column: number): string[] {
  const [first = '', ...more] = wrap(help, WIDTH - column - 5);
  const indent = ' '.repeat(5 + column);
  if (head.length + 2 > column) return [`     ${head}`, ...[first, ...more].map((line) => indent + line)];
  return [`     ${head.padEnd(column)}${first}`, ...more.map((line) => indent + line)];
}

/**
 * The answer to `-V`, in the shape scripts take apart: protocol version, then in parentheses the MyProxy release whose
 * options and messages the tool keeps to, a month, and what it was built with.
 */
export function versionLine(tool: string): string {
  return `${tool} version MYPROXYv2 (${buildNote()}) \n`;
}

/** What stands in the parentheses of {@link versionLine}; also the first line of `-v` debug output. */
export function buildNote(): string {
  return `v6.2 Nov 2026 LATCHKEY ${latchkeyVersion}`;
}
