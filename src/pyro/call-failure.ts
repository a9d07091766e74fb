import { LatchkeyError } from '../kit/index.ts';
import type { Invocation } from './invocation.ts';

/** @param what `object.method`. The method may have run or not: nobody knows. */
export function lost(where: string, what: string, cause: Error | undefined): LatchkeyError {
  const why = cause === undefined ? '' : `: ${cause.message}`;
  return new LatchkeyError(
    'pyro/lost',
    `the connection to ${where} was lost while ${what} was not answered${why}`,
    {
      cause,
      details: { sent: true },
      hint: 'it may have been done or not: ask the object, or declare the method safe to repeat',
    },
  );
}

/** The method may go on all the same. */
export function timedOut({ object, method, timeoutMs }: Invocation, where: string): LatchkeyError {
  return new LatchkeyError(
    'pyro/timed-out',
    `${where} did not answer ${object}.${method} within ${timeoutMs} ms`,
    {
      details: { sent: true },
      hint: 'give timeoutMs for calls that take longer',
    },
  );
}

/** @param sent false when it never left */
export function cancelled({ object, method, signal }: Invocation, sent: boolean): LatchkeyError {
  return new LatchkeyError('pyro/cancelled', `the call of ${object}.${method} was given up`, {
    cause: signal?.reason,
    details: { sent },
  });
}

/** No sequence number is free. */
export function tooMany(where: string): LatchkeyError {
  return new LatchkeyError(
    'pyro/busy',
    `65,535 calls to ${where} wait for an answer, and no more can be told apart`,
    {
      retryable: true,
      details: { sent: false },
    },
  );
}
