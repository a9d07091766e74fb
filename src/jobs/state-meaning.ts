import type { JobReason } from './batch-system.ts';
import type { JobState } from './job-state.ts';

/** What a native state means; absent reason = the state says it all. */
export interface StateMeaning {
  readonly state: JobState;
  readonly reason?: JobReason;
}

/** What a table says of a word that another machine has sent: nothing of such as `constructor`, which every object has. */
export function saidOf<Said>(table: Readonly<Record<string, Said>>, word: string): Said | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
