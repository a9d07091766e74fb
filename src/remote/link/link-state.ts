import type { LatchkeyError } from '../../kit/index.ts';
import type { Forward, ForwardState } from '../../ssh/index.ts';

/**
 * What is known of a link. `opening`: not ready yet. `proven`: connections arrive, and at the right peer where that could be asked.
 * `listening`: it stands; whether connections arrive is not known. `degraded`: they do not arrive. `lost`: a part of the way is
 * gone, and is being made again. `closed`: taken down.
 */
export type LinkState = 'opening' | 'listening' | 'proven' | 'degraded' | 'lost' | 'closed';

/** The worst part decides. */
const WORST_FIRST: readonly ForwardState[] = [
  'closed',
  'lost',
  'requested',
  'degraded',
  'listening',
  'proven',
];

/** The state of a way of several forwards, with the cause of the worst. A way without forwards stands by itself. */
export function worstOf(forwards: readonly Pick<Forward, 'state' | 'cause'>[]): {
  readonly state: LinkState;
  readonly cause: LatchkeyError | undefined;
} {
  for (const state of WORST_FIRST) {
    const forward = forwards.find((candidate) => candidate.state === state);
    if (forward === undefined) continue;
    return { state: state === 'requested' ? 'opening' : state, cause: forward.cause };
  }
  return { state: 'proven', cause: undefined };
}
