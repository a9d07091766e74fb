/** One option of a tool. Its `key` is what {@link GivenOption} carries: the short letter, or the long name where there is none. */
export interface OptionSpec {
  /** One letter, without its dash. */
  readonly short?: string;
  /** The long name, without its dashes. */
  readonly long?: string;
  /** What the value is called in the usage text; absent = the option takes no value. */
  readonly value?: string;
  readonly help: string;
}

/** An option as it stood on the command line, in order: later ones may depend on earlier ones (`-x` before `-R`). */
export interface GivenOption {
  readonly key: string;
  /** Present exactly when the option takes a value. */
  readonly value?: string;
}

/** What a command line said. With `problem`, everything before the bad word was read. */
export interface GivenOptions {
  readonly given: readonly GivenOption[];
  /** Words that are no options, wherever they stood. */
  readonly operands: readonly string[];
  /** What glibc's `getopt_long` would complain about, without the program's name. */
  readonly problem?: string;
}

/** The key of an option in {@link GivenOption}. */
function optionKey(option: OptionSpec): string {
  return option.short ?? option.long ?? '';
}

/**
 * Reads a command line as glibc's `getopt_long` does: `-abc`, `-ofile`, `-o file`, `--out=file`, `--out file`,
 * unambiguous prefixes of long names, `--` ends the options, operands may stand between options.
 */
export function parseGetopt(argv: readonly string[], table: readonly OptionSpec[]): GivenOptions {
  const given: GivenOption[] = [];
  const operands: string[] = [];
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') {
      operands.push(...words);
      break;
    }
    let problem: string | undefined;
    if (word.startsWith('--')) problem = readLong(word.slice(2), words, table, given);
    else if (word.startsWith('-') && word.length > 1)
      problem = readCluster(word.slice(1), words, table, given);
    else operands.push(word);
    if (problem !== undefined) return { given, operands, problem };
  }
  return { given, operands };
}

function readLong(
  text: string,
  words: string[],
  table: readonly OptionSpec[],
  given: GivenOption[],
): string | undefined {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const exact = table.filter((option) => option.long === name);
  const found = exact.length > 0 ? exact : table.filter((option) => option.long?.startsWith(name));
  const [option, ...others] = found;
  if (option === undefined) return `unrecognized option '--${name}'`;
  if (others.length > 0) {
    const names = found.map((candidate) => `'--${candidate.long}'`);
    return `option '--${name}' is ambiguous; possibilities: ${names.join(' ')}`;
  }
  if (option.value === undefined) {
    if (equals >= 0) return `option '--${option.long}' doesn't allow an argument`;
    given.push({ key: optionKey(option) });
    return undefined;
  }
  const value = equals < 0 ? words.shift() : text.slice(equals + 1);
  if (value === undefined) return `option '--${option.long}' requires an argument`;
  given.push({ key: optionKey(option), value });
  return undefined;
}

function readCluster(
  letters: string,
  words: string[],
  table: readonly OptionSpec[],
  given: GivenOption[],
): string | undefined {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at);
    const option = table.find((candidate) => candidate.short === letter);
    if (option === undefined) return `invalid option -- '${letter}'`;
    if (option.value === undefined) {
      given.push({ key: letter });
      continue;
    }
    const rest = letters.slice(at + 1);
    const value = rest === '' ? words.shift() : rest;
    if (value === undefined) return `option requires an argument -- '${letter}'`;
    given.push({ key: letter, value });
    return undefined;
  }
  return undefined;
}
