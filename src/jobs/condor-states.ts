import type { StateMeaning } from './state-meaning.ts';

/** Where a job of HTCondor stands, by `JobStatus`; `undefined` = it has ended by itself, and its exit says how. */
export const CONDOR_STATES: Readonly<Record<number, (StateMeaning & { readonly word: string }) | undefined>> =
  {
    1: { state: 'Pending', word: 'idle' },
    2: { state: 'Running', word: 'running' },
    3: { state: 'Canceled', reason: 'cancelled-by-user', word: 'removed' },
    4: undefined,
    5: { state: 'Pending', reason: 'held', word: 'held' },
    // Its output is on the way: not a failure, as some have it.
    6: { state: 'Running', word: 'transferring output' },
    7: { state: 'Suspended', word: 'suspended' },
  };
