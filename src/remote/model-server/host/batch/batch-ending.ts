import { constants } from 'node:os';
import { isFinal, type JobFacts } from '../../../../jobs/index.ts';
import type { ProcessEnd } from '../model-host.ts';

/** What a scheduler's reason means to somebody whose model is gone. */
const WHY: Readonly<Record<string, string>> = {
  timeout: 'its wall time was over',
  'out-of-memory': 'it had more memory than was asked for',
  'node-failure': 'its node failed',
  preempted: 'it had to make way for another job',
  'cancelled-by-user': 'its batch job was cancelled',
  'submit-failed': 'its batch job could not be started',
  vanished: 'its batch job has vanished',
};

/** Whether nothing more comes of a batch job. */
export function isEnded({ state, reason }: JobFacts): boolean {
  return isFinal(state) || reason === 'vanished';
}

/** How a batch job ended, as a process's end is told, with the scheduler's reason in words. */
export function endOfBatch({ exitCode, signal, reason, native }: JobFacts, system: string): ProcessEnd {
  const why = reason === undefined ? undefined : WHY[reason];
  const says = native === undefined ? '' : ` (${system} says ${native})`;
  return {
    code: exitCode ?? null,
    signal: signalName(signal),
    ...(why === undefined ? {} : { why: `${why}${says}` }),
  };
}

function signalName(number: number | undefined): NodeJS.Signals | null {
  const [name] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return (name as NodeJS.Signals | undefined) ?? null;
}
