import { LatchkeyError } from '../kit/index.ts';
import { checkCredentials } from './credential-files.ts';
import { parseFileTransfer } from './file-transfer.ts';
import { type JobEntry, newEntry } from './job-entry.ts';
import { isFinal } from './job-state.ts';
import { parseKept } from './kept-description.ts';
import { findSandbox, readKept } from './sandbox.ts';
import type { GetJobOptions } from './service-options.ts';
import type { SubmitTools } from './service-steps.ts';
import type { Workplace } from './workplace.ts';

/** What is on record of a job that somebody names: how it stands is still to be asked. */
export async function findThere(
  place: Workplace,
  { id, native }: { readonly id: string; readonly native: string },
  { credentials = [], fileTransfer }: GetJobOptions,
  now: Date,
): Promise<JobEntry> {
  const tag = await findSandbox(place, native);
  const kept = tag === undefined ? undefined : parseKept(await readKept(place, tag), tag);
  checkCredentials(credentials);
  const transfers = (fileTransfer ?? []).map(parseFileTransfer);
  const about = {
    id,
    native,
    tag: kept && tag,
    job: kept && { ...kept.description, credentials, transfers },
    hasCredentials: kept?.hasCredentials ?? false,
    hasForgottenFiles: fileTransfer === undefined && (kept?.hasFiles ?? false),
  };
  return newEntry(about, 'Unknown', now);
}

/**
 * Of a job that was asked after.
 *
 * @throws LatchkeyError `jobs/not-found` when neither queue, sandbox nor accounts know it; what stood in the way of asking
 */
export function assertFound(entry: JobEntry, service: string): void {
  if (entry.trouble !== undefined && !isFinal(entry.facts.state)) throw entry.trouble;
  if (entry.missingSince === undefined || entry.tag !== undefined) return;
  throw new LatchkeyError('jobs/not-found', `nobody knows a job "${entry.native}" at ${service}`, {
    hint: 'a scheduler forgets jobs some time after their end',
  });
}

/** Renews the credentials of a job that was found again and has not ended. */
export async function followAgain(
  place: Workplace,
  { tag, job, facts, missingSince }: JobEntry,
  { credentials = [] }: GetJobOptions,
  { credentials: keep, onCredential, onGone }: Pick<SubmitTools, 'credentials' | 'onCredential' | 'onGone'>,
): Promise<void> {
  if (tag === undefined || job === undefined || credentials.length === 0) return;
  if (isFinal(facts.state) || missingSince !== undefined) return;
  const followed = { tag, sandbox: `${place.root}/${tag}`, credentials };
  await keep().follow(place, followed, job.wallTimeMinutes, onCredential, onGone);
}
