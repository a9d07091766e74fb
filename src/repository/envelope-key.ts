import {
  isLatchkeyError,
  LatchkeyError,
  loadServerKey,
  type Secret,
  type ServerKeyOptions,
  type ServerKeySource,
} from '../kit/index.ts';

/** Where a server key comes from: exactly one of the three. */
export type EnvelopeKeySource = ServerKeySource;

/** What surrounds {@link loadEnvelopeKey}. */
export type EnvelopeKeyOptions = ServerKeyOptions;

/**
 * Loads a server key of 32 bytes: raw, as 64 hex digits, or in base64.
 *
 * @throws LatchkeyError `repository/envelope` when there is none or it has another size, `file/unsafe` when others can
 * read the file, `program/failed`, `program/timed-out`
 */
export async function loadEnvelopeKey(
  source: EnvelopeKeySource,
  options: EnvelopeKeyOptions = {},
): Promise<Secret> {
  try {
    return await loadServerKey(source, options);
  } catch (error) {
    throw asEnvelopeError(error);
  }
}

/** Errors of sealing under this room's own code. */
export function asEnvelopeError(error: unknown): unknown {
  if (!isLatchkeyError(error, 'sealing/key') && !isLatchkeyError(error, 'sealing/damaged')) return error;
  return new LatchkeyError('repository/envelope', error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
}
