import { printable } from '../../kit/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import { formatSpan, lifetimeBar } from './lifetime.ts';

/** Label and value in two columns; rows without a value are left out. */
export function factLines(rows: readonly (readonly [string, string | undefined])[]): string[] {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  const column = Math.max(...shown.map(([label]) => label.length)) + 2;
  return shown.map(([label, value]) => `  ${label.padEnd(column)}${printable(value)}`);
}

/** The validity of a thing for `--json`: ISO times and whole seconds. */
export function validityJson(start: Date, end: Date, now: Date): Record<string, unknown> {
  return {
    notBefore: start.toISOString(),
    notAfter: end.toISOString(),
    secondsLeft: Math.max(0, secondsLeft(end, now)),
  };
}

/** `███████░░░  6 d 23 h left`, or that it has expired. */
export function validityText(start: Date, end: Date, now: Date): string {
  const left = secondsLeft(end, now);
  return `${lifetimeBar(start, end, now)}  ${left > 0 ? `${formatSpan(left)} left` : `expired ${formatSpan(-left)} ago`}`;
}

/** A table with a heading; columns as wide as their widest cell. */
export function tableLines(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [heading, ...rows].map((row) => row.map(printable));
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => [...(row[column] ?? '')].length)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd(),
  );
}
