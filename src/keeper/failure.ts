import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import type { LeaseFailure } from './status.ts';

/** A failure as the schedule needs it. */
export interface JudgedFailure {
  readonly told: LeaseFailure;
  readonly isRetryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  /** It happened on this machine (a full disk, a wrong setting): nothing is said about the authority. */
  readonly isOurs: boolean;
}

const OURS = /^(unexpected$|file\/|program\/|sealing\/|config\/|credmon\/)/;

/** Judges what a source or a delivery threw. Errors that are not ours say their kind and place only: their text may hold anything. */
export function judge(error: unknown, at: Date): JudgedFailure {
  if (!isLatchkeyError(error)) {
    const told = { code: 'unexpected' as const, message: describeUnexpected(error), at };
    return { told, isRetryable: true, retryAfterSeconds: undefined, isOurs: true };
  }
  const { code, message, hint, retryable, details } = error;
  const wish = details.retryAfterSeconds;
  return {
    told: { code, message, ...(hint === undefined ? {} : { hint }), at },
    isRetryable: retryable,
    isOurs: OURS.test(code),
    retryAfterSeconds: typeof wish === 'number' && Number.isFinite(wish) ? wish : undefined,
  };
}

/** What took too long, as an error. */
export function timedOut(what: string, seconds: number): LatchkeyError {
  return new LatchkeyError('keeper/timed-out', `${what} did not end within ${seconds} s`, {
    retryable: true,
  });
}

function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return `something was thrown that is no error, but of type ${typeof error}`;
  const code = (error as NodeJS.ErrnoException).code;
  const frame = /\n\s+at (.{1,200})/.exec(error.stack ?? '')?.[1];
  const kind = typeof code === 'string' && /^[A-Z_0-9]{1,40}$/.test(code) ? code : error.name.slice(0, 40);
  return `unexpected ${kind}${frame === undefined ? '' : ` at ${frame}`}`;
}
