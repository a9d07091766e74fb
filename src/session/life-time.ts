import { LatchkeyError, quoteValue } from '../kit/index.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** The protocol's field is 31 bits; nobody delegates for so long. */
const MAX_SECONDS = 10 * 365 * 86_400;

/**
 * Seconds of a `life_time`: a number is hours, as `myproxy-logon --proxy_lifetime` has it; text is a number with a unit (`12h`, `90m`,
 * `1d`, `1h30m`) or hours and minutes (`12:00`).
 *
 * @throws LatchkeyError `session/context-invalid`
 */
export function lifeTimeSeconds(value: number | string): number {
  const seconds = typeof value === 'number' ? value * 3600 : secondsOf(value.trim());
  if (seconds !== undefined && seconds >= 1 && seconds <= MAX_SECONDS) return Math.round(seconds);
  throw new LatchkeyError('session/context-invalid', `life_time ${quoteValue(value)} is no life of a proxy`, {
    hint: 'write hours as a number, or text such as "12h", "90m", "1d", "12:00"',
  });
}

function secondsOf(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 3600;
  const clock = /^(\d{1,5}):([0-5]\d)$/.exec(text);
  if (clock !== null) return Number(clock[1]) * 3600 + Number(clock[2]) * 60;
  if (!/^(?:\d{1,9}[smhdw])+$/i.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit = ''] of text.matchAll(/(\d+)([a-z])/gi)) {
    sum += Number(count) * (UNITS[unit.toLowerCase()] ?? 0);
  }
  return sum;
}
