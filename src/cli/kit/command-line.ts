import { type ConnectionChoice, connectionReader } from './connection-options.ts';
import type { GivenOption } from './getopt.ts';
import { atoi, readOptions, type ToolInterface } from './read-options.ts';
import { fail, type ToolContext } from './tool.ts';

/** What a tool was told. */
export interface CommandLine {
  /** True when the option was given, with or without a value. */
  has(key: string): boolean;
  /** The value given last. */
  value(key: string): string | undefined;
  readonly connection: ConnectionChoice;
}

/** Reads a tool's command line. @param takers look at each option first, in order, and say true to those that are theirs */
export function readCommandLine(
  face: ToolInterface,
  argv: readonly string[],
  context: ToolContext,
  ...takers: readonly ((option: GivenOption) => boolean)[]
): CommandLine {
  const values = new Map<string, string | undefined>();
  const connection = connectionReader(context.env);
  const connects = face.options.some((option) => option.long === 'pshost');
  readOptions(face, context.name, argv, (option) => {
    if ((connects && connection.take(option)) || takers.some((take) => take(option))) return;
    values.set(option.key, option.value);
  });
  return {
    has: (key) => values.has(key),
    value: (key) => values.get(key),
    connection: connection.choice,
  };
}

const HOUR = 3600;

/** Takes `-t HOURS`, default 12, and refuses a negative number where it stands. */
export function proxyLifetimeReader(): { seconds(): number; take(option: GivenOption): boolean } {
  let seconds = 12 * HOUR;
  const take = ({ key, value = '' }: GivenOption): boolean => {
    if (key !== 't') return false;
    seconds = atoi(value) * HOUR;
    if (seconds < 0) throw fail('Requested lifetime (-t option) out of bounds.');
    return true;
  };
  return { seconds: () => seconds, take };
}
