import { ToolExit } from './tool.ts';

/** One option of a tool that reads its command line as C's `getopt_long_only` does. */
export interface LongOption {
  /** Without dashes; the first is the one that `apply` hears. */
  readonly names: readonly string[];
  /** What the value is called; absent = the option takes none. */
  readonly value?: string;
  readonly help: string;
}

/**
 * Reads a command line: one dash or two, `-name value` or `-name=value`, and any beginning of a name that is no other's.
 *
 * @param tool as messages begin
 * @throws ToolExit with the words of the C library
 */
export function readLongOptions(
  tool: string,
  options: readonly LongOption[],
  argv: readonly string[],
  apply: (name: string, value: string) => void,
): void {
  const fail = (message: string): ToolExit => new ToolExit(1, { stderr: `${tool}: ${message}\n` });
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(word);
    const given = match?.[1];
    if (given === undefined) {
      throw new ToolExit(1, { stderr: `Found non option element ${word} in command line.\n` });
    }
    const shown = word.split('=', 1)[0] ?? word;
    const option = optionNamed(options, given, (possible) =>
      fail(
        `option '${shown}' is ambiguous; possibilities: ${possible.map((name) => `'-${name}'`).join(' ')}`,
      ),
    );
    if (option === undefined) throw fail(`unrecognized option '${shown}'`);
    const [name = given] = option.names;
    const attached = match?.[2];
    if (option.value === undefined) {
      if (attached !== undefined) throw fail(`option '-${name}' doesn't allow an argument`);
      apply(name, '');
      continue;
    }
    if (attached === undefined) at += 1;
    const value = attached ?? argv[at];
    if (value === undefined) throw fail(`option '${shown}' requires an argument`);
    apply(name, value);
  }
}

function optionNamed(
  options: readonly LongOption[],
  given: string,
  ambiguous: (possible: readonly string[]) => ToolExit,
): LongOption | undefined {
  const exact = options.find(({ names }) => names.includes(given));
  if (exact !== undefined) return exact;
  const possible = options.flatMap((option) =>
    option.names.filter((name) => name.startsWith(given)).map((name) => ({ name, option })),
  );
  const [first] = possible;
  if (possible.some(({ option }) => option !== first?.option)) {
    throw ambiguous(possible.map(({ name }) => name));
  }
  return first?.option;
}
