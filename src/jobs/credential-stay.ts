import type { JobEntry } from './job-entry.ts';
import type { JobFacts } from './job-facts.ts';
import { isFinal } from './job-state.ts';

/** Where a job's credentials stand: in its sandbox, or to be taken away from it, or away, or to be given again. */
export type CredentialStay = 'there' | 'leaving' | 'away' | 'returning';

/**
 * Where they have to go. They leave a job that has vanished, for nobody would end their renewal. They return to one that is found
 * again after all, and to one that the scheduler runs once more: the launcher took them away when its first run ended.
 *
 * @param before what its tasks were before it was asked after this time
 */
export function stayOf(
  entry: JobEntry,
  before: ReadonlyMap<number, JobFacts>,
  facts: JobFacts,
): CredentialStay {
  const { credentialStay: stay } = entry;
  if (!entry.hasCredentials || isFinal(facts.state)) return stay;
  if (facts.reason === 'vanished') return stay === 'away' ? stay : 'leaving';
  if (entry.missingSince !== undefined || facts.state === 'Unknown') return stay;
  return stay !== 'there' || [...entry.tasks].some(([task, now]) => runsAgain(before.get(task), now))
    ? 'returning'
    : 'there';
}

/** It was running and waits again; or it runs, and began later than it did. */
function runsAgain(before: JobFacts | undefined, now: JobFacts): boolean {
  if (before === undefined || !['Running', 'Suspended'].includes(before.state)) return false;
  if (now.state === 'Pending') return true;
  const [was, is] = [before.startedAt, now.startedAt];
  return now.state === 'Running' && was !== undefined && is !== undefined && is > was;
}
