import type { JobReason } from './batch-system.ts';
import type { StateMeaning } from './state-meaning.ts';

/** Where a job of LSF stands, by `STAT`; `UNKWN` and `ZOMBI` say that LSF does not know either. */
export const LSF_STATES: Readonly<Record<string, StateMeaning>> = {
  PEND: { state: 'Pending' },
  PROV: { state: 'Pending' },
  WAIT: { state: 'Pending' },
  PSUSP: { state: 'Pending', reason: 'held' },
  RUN: { state: 'Running' },
  USUSP: { state: 'Suspended' },
  SSUSP: { state: 'Suspended' },
  DONE: { state: 'Done' },
  EXIT: { state: 'Failed' },
};

/** Why LSF ended a job, by the first word of `EXIT_REASON`. */
export const LSF_TERMS: Readonly<Record<string, JobReason>> = {
  TERM_RUNLIMIT: 'timeout',
  TERM_CPULIMIT: 'timeout',
  TERM_DEADLINE: 'timeout',
  TERM_MEMLIMIT: 'out-of-memory',
  TERM_SWAP: 'out-of-memory',
  TERM_PREEMPT: 'preempted',
  TERM_OWNER: 'cancelled-by-user',
  TERM_FORCE_OWNER: 'cancelled-by-user',
  TERM_ADMIN: 'cancelled-by-user',
  TERM_FORCE_ADMIN: 'cancelled-by-user',
  TERM_CWD_NOTEXIST: 'submit-failed',
  TERM_EXTERNAL_SIGNAL: 'killed-by-signal',
};
