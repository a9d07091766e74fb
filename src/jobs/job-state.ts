import { LatchkeyError } from '../kit/index.ts';

/** States of a job (GFD.90, with `Pending`); the last three are final. `Unknown`: never asked with success, or vanished. */
export type JobState =
  | 'Unknown'
  | 'New'
  | 'Pending'
  | 'Running'
  | 'Suspended'
  | 'Done'
  | 'Failed'
  | 'Canceled';

const FINAL: readonly JobState[] = ['Done', 'Failed', 'Canceled'];

/** True when nothing can change any more. */
export function isFinal(state: JobState): boolean {
  return FINAL.includes(state);
}

/** What a user may ask of a job. */
export type JobOperation = 'run' | 'cancel' | 'suspend' | 'resume' | 'signal' | 'output';

const LEGAL: Readonly<Record<JobOperation, readonly JobState[]>> = {
  run: ['New'],
  cancel: ['Unknown', 'Pending', 'Running', 'Suspended'],
  suspend: ['Unknown', 'Running'],
  resume: ['Unknown', 'Suspended', 'Pending'],
  signal: ['Unknown', 'Running', 'Suspended'],
  output: ['Unknown', 'Pending', 'Running', 'Suspended', 'Done', 'Failed', 'Canceled'],
};

/** True when a job in `state` can be asked for `operation`. */
export function isLegal(operation: JobOperation, state: JobState): boolean {
  return LEGAL[operation].includes(state);
}

/**
 * Checks that a job in `state` can be asked for `operation`.
 *
 * @throws LatchkeyError `jobs/state`
 */
export function assertLegal(operation: JobOperation, state: JobState): void {
  if (isLegal(operation, state)) return;
  const hint =
    state === 'New'
      ? 'run it first'
      : isFinal(state)
        ? 'it has ended'
        : `that needs it to be ${LEGAL[operation].join(' or ')}`;
  throw new LatchkeyError(
    'jobs/state',
    `a job that is ${state} cannot ${operation === 'output' ? 'have output' : operation}`,
    {
      hint,
      details: { state, operation },
    },
  );
}

/**
 * Whether a scheduler's answer may move a job from one state to another: what is final stays, and nothing becomes `New`
 * again. Going back from `Running` to `Pending` is a requeue.
 */
export function mayBecome(from: JobState, to: JobState): boolean {
  return from !== to && !isFinal(from) && to !== 'New';
}

/** State of an array by the states of its tasks: final when all are; then the worst of them. */
export function stateOfArray(tasks: Iterable<JobState>): JobState {
  const states = new Set(tasks);
  const order: readonly JobState[] = [
    'Running',
    'Suspended',
    'Pending',
    'Unknown',
    'Failed',
    'Canceled',
    'Done',
  ];
  const has = order.find((state) => states.has(state)) ?? 'Unknown';
  // Some have ended and others wait: it runs, as a whole.
  const isBegun = [...states].some((state) => isFinal(state));
  return has === 'Pending' && isBegun ? 'Running' : has;
}
