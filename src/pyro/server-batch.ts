import { LatchkeyError } from '../kit/index.ts';
import type { Exposed } from './exposed.ts';
import { valueOfWrapped } from './remote-exception.ts';
import type { PyroVersion } from './serializer.ts';
import { perform, type ServerCall } from './server-call.ts';
import { isItemSource } from './stream-table.ts';
import { isPyroDict, type PyroValue } from './value.ts';

/** Makes the calls of a batch one after the other, until one fails or nobody listens any more. */
export async function performBatch(
  exposed: Exposed,
  calls: readonly PyroValue[],
  call: ServerCall,
  version: PyroVersion,
  isOver: () => boolean,
): Promise<readonly unknown[]> {
  const results: unknown[] = [];
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
    if (isOver()) break;
  }
  return results;
}
