import { LatchkeyError, quoteValue } from '../kit/index.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };

/**
 * A wall time limit: minutes, or a span such as `2h`, `1h30m`, `90s`; rounded up to whole minutes.
 *
 * @throws LatchkeyError `jobs/description`
 */
export function readMinutes(name: string, value: unknown): number {
  const minutes = typeof value === 'string' ? ofSpan(value) : value;
  if (typeof minutes !== 'number' || !Number.isFinite(minutes) || minutes <= 0 || minutes > 5_256_000) {
    throw new LatchkeyError('jobs/description', `"${name}" is ${quoteValue(value)}, which is no time`, {
      hint: 'minutes as a number, or a span such as "2h", "1h30m"',
    });
  }
  return Math.ceil(minutes);
}

function ofSpan(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(?:\d+[dhms])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit = ''] of text.matchAll(/(\d+)([dhms])/g))
    seconds += Number(count) * (UNIT_SECONDS[unit] ?? 0);
  return seconds / 60;
}
