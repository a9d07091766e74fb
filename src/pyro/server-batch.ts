import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { LatchkeyError } from '../kit/index.ts';
import { atLeastBytes } from './answer-weight.ts';
import type { Exposed } from './exposed.ts';
import { valueOfWrapped } from './remote-exception.ts';
import type { PyroVersion } from './serializer.ts';
import { perform, type ServerCall } from './server-call.ts';
import { isItemSource } from './stream-table.ts';
import { isPyroDict, type PyroValue } from './value.ts';

export interface BatchGround {
  readonly version: PyroVersion;
  /** Most bytes of the answer. */
  readonly maxBytes: number;
  /** True when nobody listens any more. */
  isOver(): boolean;
}

/** Other connections have their turn after so long: a batch may hold a million calls, none of which waits for anything. */
const TURN_MS = 20;

/**
 * Makes the calls of a batch one after the other, until one fails or nobody listens any more.
 *
 * @throws LatchkeyError `pyro/too-large` as soon as the answer cannot be sent
 */
export async function performBatch(
  exposed: Exposed,
  calls: readonly PyroValue[],
  call: ServerCall,
  { version, maxBytes, isOver }: BatchGround,
): Promise<readonly unknown[]> {
  const results: unknown[] = [];
  let bytes = 0;
  let since = performance.now();
  for (const entry of calls) {
    try {
      const [method, args, kwargs] = Array.isArray(entry) ? (entry as readonly PyroValue[]) : [];
      if (typeof method !== 'string' || !Array.isArray(args) || (kwargs !== null && !isPyroDict(kwargs)))
        throw new LatchkeyError('pyro/malformed', 'a call in a batch is (method, args, kwargs)');
      call.method = method;
      const result = await perform(exposed, args as readonly PyroValue[], kwargs, call);
      if (isItemSource(result)) throw new TypeError(`${method} gives a stream, which a batch cannot have`);
      results.push(result ?? null);
    } catch (error) {
      results.push(valueOfWrapped(error, version));
      break;
    }
    bytes += atLeastBytes(results.at(-1), maxBytes - bytes);
    if (bytes > maxBytes)
      throw new LatchkeyError('pyro/too-large', `the results of the batch are more than ${maxBytes} bytes`, {
        hint: 'make fewer calls at once',
        details: { maxBytes },
      });
    if (performance.now() - since > TURN_MS) {
      await turn();
      since = performance.now();
    }
    if (isOver()) break;
  }
  return results;
}
