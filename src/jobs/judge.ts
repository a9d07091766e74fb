import type { BatchStatus } from './batch-system.ts';
import type { JobEntry } from './job-entry.ts';
import { type JobFacts, resolveFacts } from './job-facts.ts';
import { isFinal, stateOfArray } from './job-state.ts';
import type { TaskRecords } from './sandbox.ts';

/** What the scheduler told of one job, by task; 0 = of all that are not named. */
export type Told = ReadonlyMap<number, BatchStatus>;

/** Answers by job. */
export function byJob(statuses: readonly BatchStatus[]): ReadonlyMap<string, Told> {
  const all = new Map<string, Map<number, BatchStatus>>();
  for (const status of statuses) {
    const told = all.get(status.id) ?? new Map<number, BatchStatus>();
    for (const task of status.tasks ?? [0]) told.set(task, status);
    all.set(status.id, told);
  }
  return all;
}

/** Whether the sandbox has to be looked at: something ended, or is not told of any more. */
export function needsRecord(entry: JobEntry, told: Told | undefined): boolean {
  return open(entry).some((task) => {
    const status = told?.get(task) ?? told?.get(0);
    return status === undefined || isFinal(status.state);
  });
}

/** Whether the accounts have to be asked: not told of, and no end on record, or one by a signal whose cause they may know. */
export function needsAccount(
  entry: JobEntry,
  told: Told | undefined,
  records: TaskRecords | undefined,
): boolean {
  return open(entry).some((task) => {
    if ((told?.get(task) ?? told?.get(0)) !== undefined) return false;
    const end = records?.get(task)?.end;
    return end === undefined || (end.signal !== undefined && !end.isTimeout);
  });
}

/**
 * What all together say of a job; changes `entry` but for {@link JobEntry.facts}.
 *
 * @returns the new facts of the whole
 */
export function judge(
  entry: JobEntry,
  told: Told | undefined,
  records: TaskRecords | undefined,
  accounts: Told | undefined,
  now: number,
  vanishedAfterMs: number,
): JobFacts {
  const isCancelled = records?.get(0)?.isCancelled ?? false;
  const missing: number[] = [];
  for (const task of open(entry)) {
    const account = accounts?.get(task) ?? accounts?.get(0);
    // Books that have no end for what the queue does not know are late, or will never have one.
    const isBooked = account !== undefined && isFinal(account.state);
    const status = told?.get(task) ?? told?.get(0) ?? (isBooked ? account : undefined);
    const facts = resolveFacts(status, { ...records?.get(task), isCancelled });
    if (facts === undefined) missing.push(task);
    // An adaptor that knows no word for a state says Unknown: what was known stays, with the word.
    else if (facts.state === 'Unknown')
      entry.tasks.set(task, { ...known(entry, task), native: facts.native });
    else entry.tasks.set(task, { submittedAt: entry.tasks.get(task)?.submittedAt, ...defined(facts) });
  }
  entry.missingSince = missing.length === 0 ? undefined : (entry.missingSince ?? now);
  if (entry.missingSince !== undefined && now - entry.missingSince >= vanishedAfterMs) {
    for (const task of missing) {
      const { submittedAt, startedAt } = known(entry, task);
      entry.tasks.set(task, { state: 'Unknown', reason: 'vanished', submittedAt, startedAt });
    }
  }
  return entry.job?.arraySize === undefined ? known(entry, 0) : wholeOf([...entry.tasks.values()]);
}

function open(entry: JobEntry): readonly number[] {
  return [...entry.tasks].flatMap(([task, facts]) => (isFinal(facts.state) ? [] : [task]));
}

function known(entry: JobEntry, task: number): JobFacts {
  return entry.tasks.get(task) ?? { state: 'Unknown' };
}

function defined(facts: JobFacts): JobFacts {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== undefined),
  ) as unknown as JobFacts;
}

/** An array as one job: the worst of its tasks, the first begin, the last end. */
function wholeOf(tasks: readonly JobFacts[]): JobFacts {
  const state = stateOfArray(tasks.map((task) => task.state));
  const counts = new Map<string, number>();
  for (const task of tasks) counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
  const worst = tasks.find((task) => task.state === state && task.reason !== undefined);
  const times = (pick: (task: JobFacts) => Date | undefined) =>
    tasks.flatMap((task) => pick(task)?.getTime() ?? []).sort((a, b) => a - b);
  const at = (time: number | undefined) => (time === undefined ? undefined : new Date(time));
  return defined({
    state,
    native: [...counts].map(([name, count]) => `${count} ${name}`).join(', '),
    reason: worst?.reason,
    exitCode: state === 'Done' ? 0 : worst?.exitCode,
    signal: worst?.signal,
    submittedAt: at(times((task) => task.submittedAt)[0]),
    startedAt: at(times((task) => task.startedAt)[0]),
    endedAt: isFinal(state) ? at(times((task) => task.endedAt).at(-1)) : undefined,
    hosts: [...new Set(tasks.flatMap((task) => task.hosts ?? []))].slice(0, 100),
  });
}
