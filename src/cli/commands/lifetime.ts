import { LatchkeyError, quote } from '../../kit/index.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A hundred years: more is a typing error. */
const MAX_SECONDS = 100 * 365 * 86_400;

/**
 * Reads a lifetime such as `12h`, `7d`, `90m`, `1d12h`; `max` is 0, which asks for as long as is allowed. A bare number is
 * refused, because the old tools mean hours by it and others seconds.
 *
 * @param option named in the error
 * @throws LatchkeyError `cli/usage`
 */
export function parseLifetime(text: string, option: string): number {
  if (text === 'max') return 0;
  const parts = /^(?:\d{1,9}[smhdw])+$/.test(text) ? text.match(/\d+[smhdw]/g) : null;
  const seconds = parts?.reduce(
    (sum, part) => sum + Number(part.slice(0, -1)) * (UNIT_SECONDS[part.slice(-1)] ?? 0),
    0,
  );
  if (seconds !== undefined && seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  throw new LatchkeyError('cli/usage', `${option} takes a lifetime, not ${quote(text)}`, {
    hint: 'write 12h, 7d, 90m or 1d12h; "max" is as long as is allowed',
  });
}

const DISPLAY_UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** The two largest units of a span, rounded: `6 d 23 h`, `12 h`, `42 s`; `expired` when nothing is left. */
export function formatSpan(seconds: number): string {
  if (seconds <= 0) return 'expired';
  const large = DISPLAY_UNITS.findIndex(([size]) => seconds >= size);
  if (large < 0) return 'under a second';
  const shown = DISPLAY_UNITS.slice(large, large + 2);
  const smallest = shown.at(-1)?.[0] ?? 1;
  let rest = Math.round(seconds / smallest) * smallest;
  // Rounding may reach the next larger unit: 23 h 59 min 58 s is a day.
  if (large > 0 && rest >= (DISPLAY_UNITS[large - 1]?.[0] ?? Number.POSITIVE_INFINITY))
    return formatSpan(rest);
  const parts: string[] = [];
  for (const [size, unit] of shown) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}

/** A bar of `width` cells for the part of a validity that is left. */
export function lifetimeBar(start: Date, end: Date, now: Date, width = 10): string {
  const whole = end.getTime() - start.getTime();
  const left = Math.min(Math.max(end.getTime() - now.getTime(), 0), whole);
  // What is still valid shows at least one cell.
  const cells = whole <= 0 || left === 0 ? 0 : Math.max(1, Math.round((left / whole) * width));
  return '█'.repeat(cells) + '░'.repeat(width - cells);
}
