import { type GivenOption, type OptionSpec, parseGetopt } from './getopt.ts';
import { ToolExit } from './tool.ts';
import { usageText, versionLine } from './usage-text.ts';

/** The interface of a `getopt` tool: what `-h` prints and what is read. */
export interface ToolInterface {
  /** The tool's own name, whatever it is called by: stands in usage and version. */
  readonly tool: string;
  readonly synopsis: string;
  readonly options: readonly OptionSpec[];
  /** Peers do differently here: myproxy-store and -retrieve take stray words without a complaint. Default true. */
  readonly refusesOperands?: boolean;
}

/** The options every MyProxy tool begins with; {@link readOptions} acts on all but `-v`. */
export const standardOptions: readonly OptionSpec[] = [
  { short: 'h', long: 'help', help: 'Prints this text' },
  { short: 'u', long: 'usage', help: 'The same' },
  { short: 'v', long: 'verbose', help: 'Says on standard error what is being done' },
  { short: 'V', long: 'version', help: 'Prints the version' },
];

/** The options that say which stored credential. */
export const accountOptions: readonly OptionSpec[] = [
  { short: 'l', long: 'username', value: 'username', help: 'Account name on the server (default: LOGNAME)' },
  { short: 'd', long: 'dn_as_username', help: 'The account name is the subject of your own certificate' },
  { short: 'k', long: 'credname', value: 'name', help: 'Name of the stored credential' },
];

/** How long proxies may live that the server delegates. */
export const storedLifetimeOption: OptionSpec = {
  short: 't',
  long: 'proxy_lifetime',
  value: 'hours',
  help: 'How long proxies delegated by the server may live (default 12 hours)',
};

/** A line of text kept with the credential. */
export const descriptionOption: OptionSpec = {
  short: 'K',
  long: 'creddesc',
  value: 'desc',
  help: 'Description of the credential',
};

/**
 * Reads a command line in order, handing each option to `apply`, as the C tools do: `-h`, `-u` and `-V` act where they stand
 * (a bad option before them wins), a bad option or stray word prints what is wrong and the usage.
 *
 * @param program the name the tool was called by
 * @throws ToolExit when the tool is to end here
 */
export function readOptions(
  face: ToolInterface,
  program: string,
  argv: readonly string[],
  apply: (option: GivenOption) => void,
): void {
  const { given, operands, problem } = parseGetopt(argv, face.options);
  const usage = (): string => usageText(face.tool, face.synopsis, face.options);
  for (const option of given) {
    if (option.key === 'h' || option.key === 'u') throw new ToolExit(0, { stdout: usage() });
    if (option.key === 'V') throw new ToolExit(0, { stdout: versionLine(face.tool) });
    apply(option);
  }
  if (problem !== undefined) throw new ToolExit(1, { stderr: `${program}: ${problem}\n${usage()}` });
  const [stray] = operands;
  if (stray !== undefined && (face.refusesOperands ?? true)) {
    throw new ToolExit(1, { stderr: `${program}: invalid option -- ${stray}\n${usage()}` });
  }
}

/** C's `atoi`, which the option values of scripts rely on: leading digits count, the rest is ignored (`168:00` is 168). */
export function atoi(text: string): number {
  const match = /^\s*([+-]?\d{1,18})/.exec(text);
  const number = match?.[1] === undefined ? 0 : Number(match[1]);
  return Math.max(-2_147_483_648, Math.min(2_147_483_647, number));
}
