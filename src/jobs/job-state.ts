/** States of a job (GFD.90, with `Pending`); the last three are final. `Unknown`: never asked with success. */
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
