import type { JobReason } from './batch-system.ts';
import type { StateMeaning } from './state-meaning.ts';

/** Where a job of PBS stands, by `job_state`; `undefined` = it has ended, and its exit status says how. */
export const PBS_STATES: Readonly<Record<string, StateMeaning | undefined>> = {
  Q: { state: 'Pending' },
  W: { state: 'Pending' },
  T: { state: 'Pending' },
  M: { state: 'Pending' },
  H: { state: 'Pending', reason: 'held' },
  R: { state: 'Running' },
  E: { state: 'Running' },
  B: { state: 'Running' },
  S: { state: 'Suspended' },
  U: { state: 'Suspended' },
  F: undefined,
  X: undefined,
  C: undefined,
};

/** `substate` of a job of PBS Pro that qdel has ended. */
export const PBS_TERMINATED = '91';

/**
 * What the negative exit statuses mean, by which PBS tells why it ended a job itself (PBS Pro: -24 to -29; Torque: -10 to -12).
 * Others mean that the job could not be started.
 */
export const PBS_KILLS: Readonly<Record<'pbspro' | 'torque', Readonly<Record<string, JobReason>>>> = {
  pbspro: {
    '-24': 'killed-by-signal',
    '-25': 'killed-by-signal',
    '-26': 'out-of-memory',
    '-27': 'out-of-memory',
    '-28': 'timeout',
    '-29': 'timeout',
  },
  torque: { '-10': 'out-of-memory', '-11': 'timeout', '-12': 'timeout' },
};
