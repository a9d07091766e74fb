import type { GivenOption, OptionSpec } from './getopt.ts';
import { fail } from './tool.ts';

/** The per-credential policies an upload may carry: expressions over client names. */
export interface PolicyChoice {
  retrievers?: string;
  renewers?: string;
  trustedRetrievers?: string;
  keyRetrievers?: string;
}

type Field = keyof PolicyChoice;

/** What each policy option sets, and the complaint when that is set already (the last -E wins, as with the C tools). */
const RULES: Readonly<Record<string, { readonly field: Field; readonly twice?: string }>> = {
  a: { field: 'retrievers', twice: 'Only one -a or -r option may be specified.' },
  r: { field: 'retrievers', twice: 'Only one -a or -r option may be specified.' },
  A: { field: 'renewers', twice: 'Only one -A or -R option may be specified.' },
  R: { field: 'renewers', twice: 'Only one -A or -R option may be specified.' },
  Z: { field: 'trustedRetrievers', twice: 'Only one -Z option may be specified.' },
  E: { field: 'keyRetrievers' },
};

/** The policy options without -E, which not every tool has. */
export const policyOptions: readonly OptionSpec[] = [
  {
    short: 'a',
    long: 'allow_anonymous_retrievers',
    help: 'Anybody with user name and pass phrase may retrieve',
  },
  { short: 'A', long: 'allow_anonymous_renewers', help: 'Anybody may renew (not recommended)' },
  {
    short: 'x',
    long: 'regex_dn_match',
    help: 'The policy options that follow take an expression over the whole DN',
  },
  { short: 'X', long: 'match_cn_only', help: 'The policy options that follow take a common name (default)' },
  { short: 'r', long: 'retrievable_by', value: 'dn', help: 'Who may retrieve the credential' },
  { short: 'R', long: 'renewable_by', value: 'dn', help: 'Who may renew the credential' },
  {
    short: 'Z',
    long: 'retrievable_by_cert',
    value: 'dn',
    help: 'Who may retrieve the credential without its pass phrase',
  },
];

/** Who may retrieve the key itself; for tools that upload a key. */
export const keyRetrieversOption: OptionSpec = {
  short: 'E',
  long: 'retrieve_key',
  value: 'dn',
  help: 'Who may retrieve the private key',
};

/** Collects policy options in their order: `-x` and `-X` say how the names of the options after them are read. */
export function policyReader(options: { readonly retrievalExcludesRenewal?: boolean } = {}): {
  readonly choice: PolicyChoice;
  take(option: GivenOption): boolean;
} {
  const choice: PolicyChoice = {};
  let isExpression = false;
  const take = ({ key, value }: GivenOption): boolean => {
    if (key === 'x' || key === 'X') {
      isExpression = key === 'x';
      return true;
    }
    const rule = RULES[key];
    if (rule === undefined) return false;
    if (options.retrievalExcludesRenewal) refuseBoth(key, rule.field, choice);
    if (rule.twice !== undefined && choice[rule.field] !== undefined) throw fail(rule.twice);
    choice[rule.field] = expressionOf(value, isExpression);
    return true;
  };
  return { choice, take };
}

function expressionOf(name: string | undefined, isExpression: boolean): string {
  if (name === undefined) return '*';
  return isExpression ? name : `*/CN=${name}`;
}

function refuseBoth(key: string, field: Field, choice: PolicyChoice): void {
  const clash =
    (field === 'retrievers' && choice.renewers !== undefined && '-A and -R') ||
    (field === 'renewers' && choice.retrievers !== undefined && '-a and -r');
  if (clash) {
    throw fail(
      `-${key} is incompatible with ${clash}.\n  hint: store two credentials under different names (-k), one for each`,
    );
  }
}
