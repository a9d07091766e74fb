import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';

/** Runs a parser of `what`: errors about DER, names and certificates inside become `voms/malformed`. */
export function reading<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (isLatchkeyError(cause) && /^(?:asn1|x509)\//.test(cause.code)) {
      throw new LatchkeyError('voms/malformed', `not a well-formed ${what}: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

/** An error of code `voms/malformed` about an attribute certificate. */
export function malformed(problem: string): LatchkeyError {
  return new LatchkeyError('voms/malformed', `not a well-formed attribute certificate: ${problem}`);
}
