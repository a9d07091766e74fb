import { LatchkeyError, quote } from '../kit/index.ts';

/**
 * A value that goes into a directive of a submission script, checked: a line break in it would be a line of its own.
 *
 * @throws LatchkeyError `jobs/description`
 */
export function directiveValue(what: string, text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f\u2028\u2029]/.test(text)) {
    throw new LatchkeyError(
      'jobs/description',
      `${what} ${quote(text)} has a line break or control character`,
      {
        hint: 'it would become a line of its own in the submission script',
      },
    );
  }
  return text;
}

/** Minutes as `hours:minutes:00`, which every scheduler reads. */
export function hoursMinutes(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:00`;
}
