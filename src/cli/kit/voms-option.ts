import type { GivenOption, OptionSpec } from './getopt.ts';
import { fail } from './tool.ts';

/** `-m`, of the tools that make or fetch proxies. */
export const vomsOption: OptionSpec = {
  short: 'm',
  long: 'voms',
  value: 'voms',
  help: 'Add attributes of this virtual organisation (VO, or VO:/vo/group/Role=x); may be repeated',
};

const MAX_ORGANISATIONS = 10;

/** Takes every `-m`, at most ten as the original does. */
export function vomsReader(): { values(): readonly string[]; take(option: GivenOption): boolean } {
  const values: string[] = [];
  const take = ({ key, value = '' }: GivenOption): boolean => {
    if (key !== 'm') return false;
    if (values.length === MAX_ORGANISATIONS) throw fail(`more than ${MAX_ORGANISATIONS} VOs (-m option)`);
    values.push(value);
    return true;
  };
  return { values: () => values, take };
}
