import type { BatchStatus } from './batch-system.ts';
import type { EndRecord } from './job-record.ts';

/** What an end record alone says: exit 0 is Done. */
export function statusOfEnd(end: EndRecord, isCancelled: boolean): Omit<BatchStatus, 'id' | 'native'> {
  const { exitCode, signal, endedAt } = end;
  const facts = { exitCode, signal, endedAt };
  if (end.isTimeout) return { state: 'Failed', reason: 'timeout', ...facts };
  // One that had ended by itself before that was noticed, ended as it did.
  if (end.isInputCut === true && exitCode !== 0) return { state: 'Failed', reason: 'input-cut', ...facts };
  // A job that ended well before the cancel reached it, ended well.
  if (isCancelled && exitCode !== 0) return { state: 'Canceled', reason: 'cancelled-by-user', ...facts };
  if (signal !== undefined) return { state: 'Failed', reason: 'killed-by-signal', ...facts };
  return exitCode === 0
    ? { state: 'Done', ...facts }
    : { state: 'Failed', reason: 'non-zero-exit', ...facts };
}
