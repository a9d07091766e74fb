import type { CredmonSettings } from '../settings.ts';
import { CREDMON_DEFAULTS, RANGES } from './defaults.ts';
import type { KeyReader } from './key-reader.ts';

/** `<NAME>_LOG`, `MAX_<NAME>_LOG`, `MAX_NUM_<NAME>_LOG`, `<NAME>_DEBUG`, as HTCondor's daemons read them. */
export function logSettings(name: string, read: KeyReader): CredmonSettings['log'] {
  const directory = read.path('LOG');
  const usual = directory === undefined ? undefined : `${directory}/CredmonOauthLog`;
  return {
    file: read.path(`${name}_LOG`) ?? usual,
    maxBytes: maxBytes(name, read),
    maxFiles: read.integer(RANGES.logFiles, `MAX_NUM_${name}_LOG`) ?? CREDMON_DEFAULTS.logFiles,
    isVerbose: [`${name}_DEBUG`, 'ALL_DEBUG', 'DEFAULT_DEBUG'].some((key) =>
      /\bD_(FULLDEBUG|ALL)\b/i.test(read.text(key) ?? ''),
    ),
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 };

/** A number of bytes, or with a unit: `10 Mb`. Rotation by time (`1 day`) is not done. */
function maxBytes(name: string, read: KeyReader): number {
  const found = read.value(`MAX_${name}_LOG`, 'MAX_DEFAULT_LOG');
  if (found === undefined) return CREDMON_DEFAULTS.logBytes;
  const [, digits, unit = ''] = /^(\d{1,12})\s*(?:([kmg])b?|b)?$/i.exec(found.text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  if (digits !== undefined && factor !== undefined) return Number(digits) * factor;
  const message = `${found.name}: only sizes are understood (10 Mb), and it is ${JSON.stringify(found.text)}`;
  read.note('warning', 'config/value', message, found);
  return CREDMON_DEFAULTS.logBytes;
}
