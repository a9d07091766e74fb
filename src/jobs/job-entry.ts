import type { LatchkeyError } from '../kit/index.ts';
import type { CheckedDescription } from './checked-description.ts';
import type { CredentialStay } from './credential-stay.ts';
import type { JobFacts } from './job-facts.ts';
import type { JobState } from './job-state.ts';

/** Something that happened to a job. */
export interface JobChange {
  /**
   * `state`: state, reason or native word changed. `trouble`: it could not be asked, delivered to or staged; its state is
   * what it was. `recovered`: it was asked again. `credential`: one was not renewed, and will be tried again.
   */
  readonly kind: 'state' | 'trouble' | 'recovered' | 'credential';
  readonly id: string;
  readonly at: Date;
  readonly previous: JobState;
  readonly facts: JobFacts;
  /** Of `trouble` and `credential`. */
  readonly error?: LatchkeyError | undefined;
}

/** Called for each change, in order; what it throws is not the job's concern, and is thrown again outside of it. */
export type JobListener = (change: JobChange) => void;

/** What is known of one submitted job. Index 0 of `tasks` is a job that is no array. */
export interface JobEntry {
  /** Its whole id. */
  readonly id: string;
  /** The scheduler's. */
  readonly native: string;
  /** Its sandbox; absent for a job that was not submitted by us. */
  readonly tag: string | undefined;
  readonly job: CheckedDescription | undefined;
  readonly hasCredentials: boolean;
  /** It was to fetch files, and where they go here is not known any more. */
  readonly hasForgottenFiles: boolean;
  readonly tasks: Map<number, JobFacts>;
  facts: JobFacts;
  /** Milliseconds since the epoch at which nobody knew it any more. */
  missingSince: number | undefined;
  trouble: LatchkeyError | undefined;
  /** It has ended, and files and credentials are being seen to; never rejects. */
  finishing: Promise<void> | undefined;
  /** Where its credentials stand, and their way there, while one is under way; never rejects. */
  credentialStay: CredentialStay;
  moving: Promise<void> | undefined;
  /** Why they are not there yet, as it was told. */
  moveFailure: string | undefined;
  readonly listeners: Set<JobListener>;
}

/** A job that was just submitted, or found again. */
export function newEntry(
  about: Pick<JobEntry, 'id' | 'native' | 'tag' | 'job' | 'hasCredentials' | 'hasForgottenFiles'>,
  state: JobState,
  now: Date,
): JobEntry {
  const count = about.job?.arraySize;
  const indexes = count === undefined ? [0] : Array.from({ length: count }, (_, n) => n + 1);
  const facts: JobFacts = state === 'Pending' ? { state, submittedAt: now } : { state };
  return {
    ...about,
    tasks: new Map(indexes.map((index) => [index, facts])),
    facts,
    missingSince: undefined,
    trouble: undefined,
    finishing: undefined,
    credentialStay: 'there',
    moving: undefined,
    moveFailure: undefined,
    listeners: new Set(),
  };
}
