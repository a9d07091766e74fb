import { join } from 'node:path';
import type { Secret } from '../../kit/index.ts';
import { filesIn, type JobFiles } from './files/job-files.ts';
import { JOB_LOG, WORK_DIRECTORY } from './host/job-directory.ts';
import { type LogReader, logIn } from './host/job-log.ts';
import type { BatchIdentity, QueueFacts, RunningModel } from './host/model-host.ts';
import type { ProcessIdentity } from './host/process-mark.ts';
import type { JobEntry } from './job-entry.ts';

/** A job with all that belongs to it: what the table has, what it may be reached by, and who holds it. */
export class ManagedJob {
  readonly entry: JobEntry;
  readonly key: Secret;
  /** Its own directory. */
  readonly directory: string;
  process: ProcessIdentity | undefined;
  /** What it runs as where that is no process of this machine. */
  batch: BatchIdentity | undefined;
  /** How that stands, until it has reported. */
  queue: QueueFacts | undefined;
  /** Whoever has it may ask for the job again. */
  ticket: string | undefined;
  model: RunningModel | undefined;
  protection: 'token' | 'hmac' = 'hmac';
  /** Connections of its client. While there is one, its lease does not run. */
  readonly holders = new Set<object>();
  /** When the lease runs out, milliseconds since the epoch; undefined while somebody holds it. */
  leaseEndsAt: number | undefined;
  /** When it was last looked after by request. */
  lookedAt = 0;
  /** What is kept in memory of files that clients write and have not closed. */
  unclosedBytes = 0;
  /** Ends its start. */
  readonly starting = new AbortController();
  /** Resolves when it has reported; set from its start on. */
  started: Promise<void> | undefined;
  /** Set when it has ended and nothing of it is left. */
  gone: Promise<void> | undefined;

  constructor(entry: JobEntry, key: Secret, directory: string) {
    this.entry = entry;
    this.key = key;
    this.directory = directory;
  }

  get id(): string {
    return this.entry.id;
  }

  get logFile(): string {
    return join(this.directory, JOB_LOG);
  }

  get log(): LogReader {
    return this.model?.log ?? logIn(this.logFile);
  }

  get files(): JobFiles {
    return this.model?.files ?? filesIn(this.workDirectory);
  }

  get workDirectory(): string {
    return join(this.directory, WORK_DIRECTORY);
  }
}
