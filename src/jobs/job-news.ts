import type { KeeperEvent } from '../keeper/index.ts';
import { type Clock, LatchkeyError } from '../kit/index.ts';
import type { JobChange, JobEntry } from './job-entry.ts';

/** Tells everybody who listens to a job; what a listener throws is thrown again outside of it. */
export function tell(
  entry: JobEntry,
  clock: Clock,
  change: Pick<JobChange, 'kind'> & Partial<JobChange>,
): void {
  const { id, facts } = entry;
  const whole: JobChange = { id, facts, previous: facts.state, at: clock.now(), ...change };
  for (const listener of entry.listeners) {
    try {
      listener(whole);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** Something about a job failed; its state is what it was. */
export function tellTrouble(entry: JobEntry, clock: Clock, error: LatchkeyError): void {
  const isNew = entry.trouble?.message !== error.message;
  entry.trouble = error;
  if (isNew) tell(entry, clock, { kind: 'trouble', error });
}

/** It was asked after again. */
export function tellRecovered(entry: JobEntry, clock: Clock): void {
  if (entry.trouble === undefined) return;
  entry.trouble = undefined;
  tell(entry, clock, { kind: 'recovered' });
}

/** What the keeper says of a job's credential, as far as a user has to know it. */
export function tellCredential(entry: JobEntry, clock: Clock, event: KeeperEvent): void {
  if (event.type !== 'failed' && event.type !== 'expiring') return;
  const { lease, failure, expiresAt } = event;
  // Its place has gone with the job's end, which is told by itself.
  if (failure?.code === 'jobs/state') return;
  const name = lease.id.slice(lease.id.indexOf('/') + 1);
  const until = expiresAt === undefined ? '' : `; what is there ends at ${expiresAt.toISOString()}`;
  const why = failure?.message ?? 'it was not renewed in time';
  const message = `the credential "${name}" is not renewed: ${why}${until}`;
  const hint = failure?.hint === undefined ? {} : { hint: failure.hint };
  const error = new LatchkeyError('jobs/staging', message, { ...hint, retryable: event.type === 'failed' });
  tell(entry, clock, { kind: 'credential', error });
}
