/** Where a job stands: `queued` at a scheduler. A slot is taken in all but the last. */
export type JobState = 'starting' | 'queued' | 'running' | 'stopping' | 'ended';

/** Why a job is no more. */
export type EndReason =
  /** It ended by itself, or something else ended it. */
  | 'exited'
  /** It did not report in time, or ended before. */
  | 'start-failed'
  /** Somebody who may asked for it. */
  | 'terminated'
  /** Its client was gone for longer than the grace. */
  | 'lease'
  /** It ran for as long as any job may. */
  | 'limit'
  /** The server stopped, or came back and did not want it. */
  | 'server';

/** How a job ended. Exactly one of `code` and `signal` is known, or none when nobody saw the end. */
export interface JobEnding {
  readonly reason: EndReason;
  readonly code: number | null;
  readonly signal: string | null;
  /** What a scheduler says of it. */
  readonly why?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** One job in the table; times are milliseconds since the epoch. */
export interface JobEntry {
  /** `NUMBER@NAME`: never used again. */
  readonly id: string;
  /** What the client calls its user; said, not proven. */
  readonly user: string;
  /** The proven identity that allocated it. */
  readonly owner: string;
  state: JobState;
  readonly createdAt: number;
  /** When it reported. */
  startedAt?: number | undefined;
  uri?: string | undefined;
  /** TCP port; 0 when it listens on a Unix socket. */
  port: number;
  ending?: JobEnding | undefined;
}

/** Whether the job takes a slot. */
export function isLive(job: Pick<JobEntry, 'state'>): boolean {
  return job.state !== 'ended';
}

const REASONS: Readonly<Record<EndReason, string>> = {
  exited: 'it ended by itself',
  'start-failed': 'it did not start',
  terminated: 'it was terminated',
  lease: 'its client was gone for too long',
  limit: 'it ran for as long as a job may',
  server: 'its server ended it',
};

/** How it ended, for people. */
export function describeEnding({ reason, code, signal, why }: JobEnding): string {
  const how = signal ?? (code === null ? undefined : `exit code ${code}`);
  return why ?? [REASONS[reason], ...(how === undefined ? [] : [how])].join(', ');
}
