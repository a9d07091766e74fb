import { type Clock, LatchkeyError } from '../kit/index.ts';
import { awsCodeOf } from './failure.ts';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * EC2 is eventually consistent: what was made a moment ago may be unknown to the next request, for a minute or so.
 */
export const UNTIL_VISIBLE_MS = 60_000;

/** How long, and by which clock, something is tried again. */
export interface Patience {
  readonly clock: Clock;
  /** Milliseconds since 1970, by the clock. */
  readonly until: number;
  readonly signal?: AbortSignal | undefined;
}

/** Tries until it succeeds, the error is of a kind that does not pass, or the time is over. */
export async function patiently<T>(
  { clock, until, signal }: Patience,
  passes: (error: unknown) => boolean,
  action: () => Promise<T>,
): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    try {
      return await action();
    } catch (error) {
      signal?.throwIfAborted();
      if (!passes(error) || clock.now().getTime() >= until) throw error;
    }
    await clock.sleep(pause, signal);
  }
}

/** Trouble between here and the endpoint, or of the endpoint: what was asked may be answered later. */
export function isTrouble(error: unknown): boolean {
  return error instanceof LatchkeyError && error.code !== 'ec2/refused' && error.code !== 'ec2/config';
}

/** A test for refusals with one of these codes of AWS. */
export function isRefusedAs(...codes: readonly string[]): (error: unknown) => boolean {
  return (error) => codes.includes(awsCodeOf(error) ?? '');
}
