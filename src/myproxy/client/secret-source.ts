import { Secret } from '../../kit/index.ts';
import { unlessCancelled } from './time-limit.ts';

/**
 * A pass phrase, or a function that finds it when it is needed. For MyProxy pass phrases that is after the server has
 * proved who it is and before anything of the request is sent; the function is called at most once for one operation.
 */
export type SecretSource = Secret | (() => Secret | Promise<Secret>);

/** Makes a source that asks at most once, however often the operation has to start anew, and waits no longer than the signal. */
export function askOnce(
  source: SecretSource | undefined,
  signal: AbortSignal | undefined,
): () => Promise<Secret> {
  // JavaScript has no types: a bare string would be found out only after the connection was made.
  if (source !== undefined && typeof source !== 'function' && !(source instanceof Secret)) {
    throw new TypeError('a pass phrase must be a Secret (new Secret(text)) or a function that returns one');
  }
  let answer: Promise<Secret> | undefined;
  return async () =>
    await unlessCancelled(signal, async () => {
      answer ??= Promise.resolve(typeof source === 'function' ? source() : (source ?? new Secret('')));
      return await answer;
    });
}
