import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { Vigil } from './vigil.ts';

/** A vigil over the event loop of this program. */
export function eventLoopVigil(): Vigil {
  return new Vigil({
    isUseful: availableParallelism() > 1,
    now: () => performance.now(),
    soon: (look) => void setImmediate(look),
  });
}
