import type { ErrorCode } from '../kit/index.ts';
import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';

/**
 * Runs a parser of `what` and says so in its errors: DER errors become `code` (default `x509/malformed`).
 * Everything else, a bug above all, passes through unchanged.
 */
export function reading<T>(what: string, parse: () => T, code: ErrorCode = 'x509/malformed'): T {
  try {
    return parse();
  } catch (cause) {
    if (isLatchkeyError(cause) && cause.code.startsWith('asn1/')) {
      throw new LatchkeyError(code, `not a well-formed ${what}: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

/** An error of code `x509/malformed` about `what`. */
export function malformed(what: string, problem: string): LatchkeyError {
  return new LatchkeyError('x509/malformed', `not a well-formed ${what}: ${problem}`);
}
