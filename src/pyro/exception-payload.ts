import { isLatchkeyError, type LatchkeyError } from '../kit/index.ts';
import type { Frame } from './frame.ts';
import { pythonException, valueOfError } from './remote-exception.ts';
import type { PyroVersion, Serializer } from './serializer.ts';
import { serializerOf } from './serializers.ts';

/** An error as the payload of an answer. What it carries and cannot be written stays here; its sentence goes. */
export function exceptionPayload(error: unknown, serializer: Serializer, version: PyroVersion): Uint8Array {
  try {
    return serializer.encode(valueOfError(asPython(error), version));
  } catch {
    const message = error instanceof Error ? error.message : String(error);
    return serializer.encode(valueOfError(new Error(message), version));
  }
}

/** The answer to a call that is too large to be read; undefined where its header told too little. */
export function answerToUnread(error: LatchkeyError, version: PyroVersion): Frame | undefined {
  const { sequence, serializerId } = error.details;
  if (typeof sequence !== 'number' || typeof serializerId !== 'number') return undefined;
  const tooLarge = pythonException('Pyro4.errors.MessageTooLargeError', error.message);
  try {
    const payload = exceptionPayload(tooLarge, serializerOf(version, serializerId), version);
    const flags = { exception: true };
    return { version, type: 'result', flags, sequence, serializerId, annotations: new Map(), payload };
  } catch {
    return undefined;
  }
}

/** What this side could not read or write is a SerializeError there. */
function asPython(error: unknown): unknown {
  if (isLatchkeyError(error, 'pyro/malformed') || isLatchkeyError(error, 'pyro/value'))
    return pythonException('Pyro4.errors.SerializeError', error.message);
  return error;
}
