import type { JobReason } from './batch-system.ts';
import type { StateMeaning } from './state-meaning.ts';

/**
 * Grid Engine's states (qstat(1), "state"), letters in any order: `d` is being deleted and runs until it is gone; `E` with `qw`
 * did not start and does not without somebody's help; `R` is a second try. The first row whose letters are all there counts.
 */
const ROWS: readonly (readonly [letters: string, meaning: StateMeaning])[] = [
  ['Eqw', { state: 'Failed', reason: 'submit-failed' }],
  ['hqw', { state: 'Pending', reason: 'held' }],
  ['qw', { state: 'Pending' }],
  ['w', { state: 'Pending' }],
  ['s', { state: 'Suspended' }],
  ['S', { state: 'Suspended' }],
  ['T', { state: 'Suspended' }],
  ['r', { state: 'Running' }],
  ['t', { state: 'Running' }],
];

/** What qstat's letters mean. */
export function gridEngineState(native: string): StateMeaning {
  const row = ROWS.find(([letters]) => [...letters].every((letter) => native.includes(letter)));
  return row?.[1] ?? { state: 'Unknown' };
}

/** Why a job failed by qacct's `failed` (sge_status(5)); what is not listed failed before it ran. */
export const FAILED_CODES: Readonly<Record<number, JobReason>> = {
  37: 'timeout',
  24: 'node-failure',
  25: 'node-failure',
  100: 'killed-by-signal',
};
