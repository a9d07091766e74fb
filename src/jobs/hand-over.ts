import type { BatchRequest } from './batch-request.ts';
import { shellWord } from './shell-word.ts';

/**
 * The last lines of every submission script: they tell the launcher the scheduler's id and the task of an array, and
 * become it.
 *
 * @param id shell text for the job's id: `"$SLURM_JOB_ID"`
 * @param task shell text for the task's index from 1: `"$SLURM_ARRAY_TASK_ID"`; used for arrays only
 */
export function handOver(request: BatchRequest, id: string, task: string): readonly string[] {
  return [
    `LATCHKEY_BATCH_ID=${id}`,
    ...(request.arraySize === undefined ? [] : [`LATCHKEY_TASK=${task}`, 'export LATCHKEY_TASK']),
    'export LATCHKEY_BATCH_ID',
    `exec /bin/sh ${shellWord(request.launcher)}`,
  ];
}
