import type { Readable } from 'node:stream';
import { LatchkeyError } from '../kit/index.ts';
import type { JobReason } from './batch-system.ts';
import type { CheckedDescription } from './checked-description.ts';
import type { CredentialFinding } from './credential-outlook.ts';
import type { JobChange, JobEntry, JobListener } from './job-entry.ts';
import { isOver, type JobFacts } from './job-facts.ts';
import { followOutput, type OutputOptions, readOutput } from './job-output.ts';
import { assertLegal, isFinal, isLegal, type JobOperation, type JobState } from './job-state.ts';
import type { JobRemains } from './remains.ts';
import type { Workplace } from './workplace.ts';

/** What a job asks its service to do. */
export interface JobOperations {
  place(): Promise<Workplace>;
  submit(
    job: CheckedDescription,
    options: RunOptions,
  ): Promise<{ readonly entry: JobEntry; readonly findings: readonly CredentialFinding[] }>;
  cancel(entries: readonly JobEntry[]): Promise<void>;
  control(entry: JobEntry, operation: 'suspend' | 'resume' | 'signal', signal?: string): Promise<void>;
  /** Asks the scheduler now. */
  ask(): Promise<void>;
  outputPath(entry: JobEntry, place: Workplace, stream: 'output' | 'error', task: number | undefined): string;
  remains(entry: JobEntry): Promise<JobRemains | undefined>;
  remove(entry: JobEntry): Promise<void>;
}

/** What a job is run with besides its description. */
export interface RunOptions {
  /**
   * What its program reads from standard input. Without a scheduler it is passed on as it comes, also after {@link Job.run} has resolved, and no
   * faster than it is read there; one that is cut off, by a lost connection or the service's end, ends the job with reason `input-cut`. For a
   * scheduler it is read to its end beforehand, 4 GiB at most, and goes there as a file. It is destroyed at the end.
   */
  readonly input?: Readable | undefined;
  /** Gives it up before it is submitted; later, {@link Job.cancel} does. */
  readonly signal?: AbortSignal | undefined;
}

/** How long is waited. */
export interface WaitOptions {
  /** Milliseconds; 0 = only look; absent = for ever. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One job, from its description to its end. It is followed from {@link run} on: its properties are what was last told, and
 * `for await (const change of job)` yields what changes until it has ended.
 */
export class Job implements AsyncIterable<JobChange> {
  readonly #operations: JobOperations;
  /** Absent for a job that was not submitted by us. */
  readonly description: CheckedDescription | undefined;
  #entry: JobEntry | undefined;
  #findings: readonly CredentialFinding[] = [];
  #isSubmitting = false;
  readonly #early = new Set<JobListener>();

  constructor(operations: JobOperations, description: CheckedDescription | undefined, entry?: JobEntry) {
    this.#operations = operations;
    this.description = description;
    this.#entry = entry;
  }

  /** `[url]-[scheduler's id]`; absent before it runs. Free of secrets, and good for {@link Service.getJob}. */
  get id(): string | undefined {
    return this.#entry?.id;
  }

  /** All that is known of it. */
  get facts(): JobFacts {
    return this.#entry?.facts ?? { state: 'New' };
  }

  get state(): JobState {
    return this.facts.state;
  }

  get reason(): JobReason | undefined {
    return this.facts.reason;
  }

  get exitCode(): number | undefined {
    return this.facts.exitCode;
  }

  /** Facts of each task of an array, by index from 1; empty for other jobs. */
  get tasks(): ReadonlyMap<number, JobFacts> {
    const { tasks } = this.#entry ?? {};
    return tasks === undefined || tasks.has(0) ? new Map() : tasks;
  }

  /** What was found about its credentials before it was submitted. */
  get findings(): readonly CredentialFinding[] {
    return this.#findings;
  }

  /** Why it could not be asked after, delivered to or staged, as long as that lasts. */
  get trouble(): LatchkeyError | undefined {
    return this.#entry?.trouble;
  }

  /**
   * Delivers its credentials, copies its files and submits it. When that fails it is still `New`, and nothing is left there.
   *
   * @throws LatchkeyError `jobs/state`, `jobs/description` for an input beside the description's own, `jobs/staging`, `jobs/credential-too-short`, `jobs/scheduler`, of the connection
   */
  async run(options: RunOptions = {}): Promise<void> {
    const { description } = this;
    assertLegal('run', this.#isSubmitting ? 'Pending' : this.state);
    if (description === undefined) throw new TypeError('a job without description cannot be run');
    if (options.input !== undefined && description.input !== undefined) {
      throw new LatchkeyError(
        'jobs/description',
        `"input" names "${description.input}", and there is another input`,
        {
          hint: 'leave one of them out',
        },
      );
    }
    this.#isSubmitting = true;
    try {
      const { entry, findings } = await this.#operations.submit(description, options);
      for (const listener of this.#early) entry.listeners.add(listener);
      this.#findings = findings;
      this.#entry = entry;
    } finally {
      this.#isSubmitting = false;
    }
  }

  /** @returns true when it has ended, false when the time was over first */
  async wait({ timeoutMs, signal }: WaitOptions = {}): Promise<boolean> {
    const entry = this.#submitted('output');
    if (isFinal(entry.facts.state)) return true;
    if (timeoutMs === 0) {
      await this.#operations.ask();
      return isFinal(entry.facts.state);
    }
    signal?.throwIfAborted();
    return await new Promise((resolve, reject) => {
      const done = (act: () => void) => {
        entry.listeners.delete(listener);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      const listener: JobListener = ({ facts }) => {
        if (isFinal(facts.state)) done(() => resolve(true));
      };
      const onAbort = () => done(() => reject(signal?.reason));
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(() => done(() => resolve(false)), timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      entry.listeners.add(listener);
    });
  }

  /** Asks the scheduler now, whatever the pace. */
  async refresh(): Promise<JobFacts> {
    this.#submitted('output');
    await this.#operations.ask();
    return this.facts;
  }

  /** Ends it: TERM, and KILL when it stays. Resolves when that is under way; {@link wait} for the end. */
  async cancel(): Promise<void> {
    await this.#operations.cancel([this.#submitted('cancel')]);
  }

  async suspend(): Promise<void> {
    await this.#operations.control(await this.#upToDate('suspend'), 'suspend');
  }

  async resume(): Promise<void> {
    await this.#operations.control(await this.#upToDate('resume'), 'resume');
  }

  /** @param name with or without `SIG`: `USR1` */
  async signal(name: string): Promise<void> {
    const bare = name.replace(/^SIG/, '');
    if (!/^(?:HUP|INT|QUIT|TERM|KILL|USR1|USR2|STOP|CONT|TSTP|ALRM|URG|WINCH|XCPU)$/.test(bare)) {
      throw new TypeError(`not a signal: ${JSON.stringify(name)}`);
    }
    await this.#operations.control(await this.#upToDate('signal'), 'signal', bare);
  }

  /** Standard output so far, or a part of it. */
  stdout(options: OutputOptions = {}): Promise<Buffer> {
    return this.#read('output', options);
  }

  /** Standard error so far, or a part of it. */
  stderr(options: OutputOptions = {}): Promise<Buffer> {
    return this.#read('error', options);
  }

  /** Output as it is written, until the job has ended. */
  async *follow(
    stream: 'stdout' | 'stderr' = 'stdout',
    { task, signal }: { readonly task?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Buffer, void, undefined> {
    const entry = this.#submitted('output');
    const place = await this.#operations.place();
    const path = this.#operations.outputPath(entry, place, stream === 'stdout' ? 'output' : 'error', task);
    yield* followOutput(place.transport, path, () => isFinal(entry.facts.state), signal);
  }

  /**
   * Calls `listener` for each change, in order.
   *
   * @returns what ends it
   */
  onChange(listener: JobListener): () => void {
    const listeners = this.#entry?.listeners ?? this.#early;
    listeners.add(listener);
    return () => {
      this.#early.delete(listener);
      this.#entry?.listeners.delete(listener);
    };
  }

  /** What changes from now on; ends when the job has. */
  async *[Symbol.asyncIterator](): AsyncGenerator<JobChange, void, undefined> {
    const queue: JobChange[] = [];
    let wake = () => {};
    const stop = this.onChange((change) => {
      queue.push(change);
      wake();
    });
    try {
      for (;;) {
        for (let change = queue.shift(); change !== undefined; change = queue.shift()) {
          yield change;
          if (isFinal(change.facts.state)) return;
        }
        if (isFinal(this.state)) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (queue.length > 0) resolve();
        });
      }
    } finally {
      stop();
    }
  }

  /** Where its sandbox is, and which of its files are nowhere else; undefined for a job that has none of ours. */
  remains(): Promise<JobRemains | undefined> {
    return this.#operations.remains(this.#submitted('output'));
  }

  /**
   * Removes the sandbox of a job that has ended, or vanished, and what it wrote there. Nobody knows the job then.
   *
   * @throws LatchkeyError `jobs/state` while it may still run
   */
  async remove(): Promise<void> {
    const entry = this.#submitted('output');
    if (!isOver(entry.facts)) await this.#operations.ask();
    await entry.finishing;
    const { state } = entry.facts;
    if (!isOver(entry.facts)) {
      const isLost = state === 'Unknown' || entry.missingSince !== undefined;
      const what = isLost ? 'nobody could tell of yet' : `is ${state}`;
      throw new LatchkeyError('jobs/state', `a job that ${what} cannot be removed`, {
        hint: isLost ? 'it may be found again: wait until it is given up as vanished' : 'cancel it first',
      });
    }
    await this.#operations.remove(entry);
  }

  /** For the container: what it is to the service. */
  entry(): JobEntry {
    return this.#submitted('output');
  }

  async #read(stream: 'output' | 'error', options: OutputOptions): Promise<Buffer> {
    const entry = this.#submitted('output');
    const place = await this.#operations.place();
    return readOutput(
      place.transport,
      this.#operations.outputPath(entry, place, stream, options.task),
      options,
    );
  }

  /** What was last told may be old: before something is refused for it, the scheduler is asked. */
  async #upToDate(operation: JobOperation): Promise<JobEntry> {
    if (this.state !== 'New' && !isLegal(operation, this.state)) await this.#operations.ask();
    return this.#submitted(operation);
  }

  #submitted(operation: JobOperation): JobEntry {
    assertLegal(operation, this.state);
    return this.#entry as JobEntry;
  }
}
