import type { Readable } from 'node:stream';
import { createKeeper, type Keeper } from '../keeper/index.ts';
import { type Clock, LatchkeyError, systemClock } from '../kit/index.ts';
import { assertSupported, type CheckedDescription, checkDescription } from './checked-description.ts';
import { checkCredentials } from './credential-files.ts';
import type { JobDescription } from './description.ts';
import { type FinishTools, finishJob, withdrawCredentials } from './finish.ts';
import { Follower } from './follower.ts';
import { Job, type JobOperations, type RunOptions } from './job.ts';
import { JobCredentials } from './job-credentials.ts';
import { type JobEntry, newEntry } from './job-entry.ts';
import type { JobFacts } from './job-facts.ts';
import { feedJob } from './job-feed.ts';
import { formatJobId, parseJobId } from './job-id.ts';
import { tellCredential, tellTrouble } from './job-news.ts';
import { KnownJobs } from './known-jobs.ts';
import { listThere, overviewThere } from './overview.ts';
import { remainsThere } from './remains.ts';
import { cancelThere } from './sandbox.ts';
import type { GetJobOptions, ServiceOptions } from './service-options.ts';
import {
  controlThere,
  giveAgain,
  outputPath,
  removeThere,
  type SubmitTools,
  type Submitted,
  submitThere,
} from './service-steps.ts';
import { parseServiceUrl, type ServiceUrl } from './service-url.ts';
import { gatherInput } from './standard-input.ts';
import { deskOf } from './status-desk.ts';
import { assertFound, findThere, followAgain } from './take-up.ts';
import { knownSystem, openWorkplace, type Workplace } from './workplace.ts';

/**
 * A machine and the scheduler there, if any, on which jobs run: `new Service('slurm+ssh://alice@host', { session })`. It connects when
 * it is first needed, and follows all its jobs with one query. Close it: jobs go on, their credentials are then renewed
 * by whoever takes them up with {@link getJob}.
 */
export class Service {
  readonly #url: ServiceUrl;
  readonly #options: ServiceOptions;
  readonly #clock: Clock;
  readonly #follower: Follower;
  readonly #operations: JobOperations;
  #place: Promise<Workplace> | undefined;
  #credentials: JobCredentials | undefined;
  #ownKeeper: Keeper | undefined;
  readonly #jobs = new KnownJobs();
  readonly #closing = new AbortController();

  /** @throws LatchkeyError `jobs/url` */
  constructor(url = 'local://', options: ServiceOptions = {}) {
    this.#url = parseServiceUrl(url);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const isMachine = this.#url.batch === undefined;
    const poll = isMachine ? { leastMs: 200, mostMs: 5000 } : { leastMs: 500, mostMs: 30_000 };
    this.#follower = new Follower({
      place: () => this.#open(),
      desk: (place) => {
        const isHere = this.#url.via === 'local';
        const scheduler = isMachine ? `machine ${place.root}` : place.system.name;
        return deskOf(isHere ? undefined : place.transport, scheduler);
      },
      clock: this.#clock,
      poll: { ...poll, ...options.poll },
      vanishedAfterMs: options.vanishedAfterMs ?? 30_000,
      finish: (entry, facts) =>
        finishJob(entry, facts, {
          ...this.#finishTools(),
          onTrouble: (error) => tellTrouble(entry, this.#clock, error),
        }),
      withdraw: (entry) => withdrawCredentials(entry, this.#finishTools()),
      giveAgain: async (entry) => giveAgain(await this.#open(), entry, this.#credentialTools(entry)),
      ended: (entry) => this.#jobs.ended(entry),
    });
    this.#operations = {
      place: () => this.#open(),
      submit: (job, options) => this.#submit(job, options),
      cancel: (entries) => this.#cancel(entries),
      control: async (entry, operation, signal) => {
        await controlThere(await this.#open(), entry, operation, signal);
        this.#follower.soon();
      },
      ask: () => this.#follower.ask(),
      outputPath,
      remains: async (entry) => remainsThere(await this.#open(), entry),
      remove: async (entry) => {
        await entry.moving;
        if (entry.tag !== undefined) this.#credentials?.release(entry.tag);
        await removeThere(await this.#open(), entry);
        this.#follower.drop(entry);
        this.#jobs.delete(entry);
      },
    };
  }

  /** The canonical address, without password: the first half of its jobs' ids. */
  get url(): string {
    return this.#url.text;
  }

  /**
   * Checks a description; the job is `New`.
   *
   * @throws LatchkeyError `jobs/description`, `jobs/unsupported`
   */
  createJob(description: JobDescription | Readonly<Record<string, unknown>>): Job {
    this.#assertOpen();
    return new Job(this.#operations, this.#check(description, knownSystem(this.#url)?.unsupported));
  }

  /** Creates and runs one. */
  async run(
    description: JobDescription | Readonly<Record<string, unknown>>,
    options?: RunOptions,
  ): Promise<Job> {
    const job = this.createJob(description);
    await job.run(options);
    return job;
  }

  /**
   * Runs a command line through the shell there.
   *
   * @param options.host one of the scheduler's hosts; refused where there is no scheduler to take it there
   */
  async runJob(commandLine: string, options: { readonly host?: string } = {}): Promise<Job> {
    const candidateHosts = options.host === undefined ? undefined : [options.host];
    return this.run({ executable: '/bin/sh', arguments: ['-c', commandLine], candidateHosts });
  }

  /**
   * Takes up a job again, also after a restart; what it was submitted with is read from its sandbox. Its credentials are
   * renewed again when their sources are given, and its files fetched when they are named again.
   *
   * @throws LatchkeyError `jobs/not-found`: not of this service, or neither known to the scheduler nor on record
   */
  async getJob(id: string, options: GetJobOptions = {}): Promise<Job> {
    this.#assertOpen();
    const { service, native } = parseJobId(id);
    const whole = formatJobId({ service, native });
    if (service !== this.url) {
      throw new LatchkeyError('jobs/not-found', `"${whole}" is a job of another service than ${this.url}`);
    }
    const known = this.#jobs.get(whole);
    if (known !== undefined) return new Job(this.#operations, known.job, known);
    if (this.#hasNoMachine()) {
      throw new LatchkeyError('jobs/not-found', `"${whole}" ended with the machine that it ran on`, {
        hint: 'a machine of ec2:// ends with the service, or the command, that started it',
      });
    }
    const place = await this.#open();
    const entry = await findThere(place, { id: whole, native }, options, this.#clock.now());
    this.#jobs.add(entry);
    this.#follower.add(entry);
    try {
      await this.#follower.ask();
      // It had ended before: that is known when its credentials and files have been seen to.
      await entry.finishing;
      assertFound(entry, this.url);
    } catch (error) {
      this.#jobs.delete(entry);
      this.#follower.drop(entry);
      throw error;
    }
    await followAgain(place, entry, options, this.#credentialTools(entry));
    return new Job(this.#operations, entry.job, entry);
  }

  /** Ids of all the user's jobs at the scheduler, ours or not. */
  async list(): Promise<readonly string[]> {
    if (this.#hasNoMachine()) return [];
    const natives = await listThere(await this.#open());
    return natives.map((native) => formatJobId({ service: this.url, native }));
  }

  /** The same with their states, in two questions. What a job of ours has on record besides, {@link getJob} tells. */
  async overview(): Promise<readonly { readonly id: string; readonly facts: JobFacts }[]> {
    if (this.#hasNoMachine()) return [];
    return overviewThere(await this.#open(), this.url);
  }

  /** Cancels many at once; see `JobContainer`. */
  async cancelAll(jobs: readonly Job[]): Promise<void> {
    await this.#cancel(jobs.map((job) => job.entry()));
  }

  /** Follows and renews no more, and disconnects; jobs go on. Idempotent. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#follower.close();
    this.#credentials?.close();
    await this.#ownKeeper?.close();
    const place = await this.#place?.catch(() => undefined);
    await place?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Nothing was started yet, and nothing is only to look. */
  #hasNoMachine(): boolean {
    return this.#url.via === 'ec2' && this.#place === undefined;
  }

  #open(): Promise<Workplace> {
    this.#assertOpen();
    if (this.#place === undefined) {
      const { session, ec2, sandboxRoot = '.latchkey/jobs', graceSeconds = 10 } = this.#options;
      const { signal } = this.#closing;
      const opening = openWorkplace(this.#url, { session, ec2, sandboxRoot, graceSeconds, signal });
      this.#place = opening;
      // What failed is tried anew by the next who asks.
      opening.catch(() => {
        if (this.#place === opening) this.#place = undefined;
      });
    }
    return this.#place;
  }

  #check(
    description: JobDescription | Readonly<Record<string, unknown>>,
    unsupported: readonly string[] = [],
  ): CheckedDescription {
    const { batch, via, queue, project } = this.#url;
    const checked = checkDescription(description, batch ?? via, unsupported);
    checkCredentials(checked.credentials ?? []);
    return { ...checked, queue: checked.queue ?? queue, project: checked.project ?? project };
  }

  async #submit(job: CheckedDescription, { input, signal }: RunOptions): ReturnType<JobOperations['submit']> {
    const place = await unlessAborted(this.#open(), signal);
    // Of a scheme that stands for several, the adaptor is known only now.
    assertSupported(job, place.system.name, place.system.unsupported);
    const isStreamed = input !== undefined && place.system.name === 'machine';
    const gathered = input === undefined || isStreamed ? undefined : await gatherInput(input, signal);
    let entry: JobEntry | undefined;
    const tools: SubmitTools = {
      service: this.url,
      clock: this.#clock,
      graceSeconds: this.#options.graceSeconds ?? 10,
      standardInput: isStreamed ? 'streamed' : gathered && { stagedFrom: gathered.path },
      signal,
      credentials: () => this.#keep(),
      onCredential: (event) => entry !== undefined && tellCredential(entry, this.#clock, event),
      onGone: () => this.#follower.soon(),
    };
    let submitted: Submitted;
    try {
      submitted = await submitThere(place, job, tools);
    } finally {
      await gathered?.remove();
    }
    const { id, tag, findings } = submitted;
    const about = { id: formatJobId({ service: this.url, native: id }), native: id, tag, job };
    const hasCredentials = (job.credentials?.length ?? 0) > 0;
    entry = newEntry({ ...about, hasCredentials, hasForgottenFiles: false }, 'Pending', this.#clock.now());
    this.#jobs.add(entry);
    this.#follower.add(entry);
    if (isStreamed) this.#feed(place, entry, input);
    return { entry, findings };
  }

  #feed(place: Workplace, entry: JobEntry, input: Readable): void {
    const cancel = () => this.#cancel([entry]);
    void feedJob(place, entry, input, { clock: this.#clock, closing: this.#closing.signal, cancel });
  }

  async #cancel(entries: readonly JobEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const tags = entries.flatMap((entry) => entry.tag ?? []);
    await cancelThere(
      await this.#open(),
      entries.map((entry) => entry.native),
      tags,
    );
    this.#follower.soon();
  }

  #finishTools(): Omit<FinishTools, 'onTrouble'> {
    return { place: () => this.#open(), clock: this.#clock, credentials: this.#credentials };
  }

  #credentialTools(entry: JobEntry): Pick<SubmitTools, 'credentials' | 'onCredential' | 'onGone'> {
    return {
      credentials: () => this.#keep(),
      onCredential: (event) => tellCredential(entry, this.#clock, event),
      onGone: () => this.#follower.soon(),
    };
  }

  #keep(): JobCredentials {
    this.#credentials ??= new JobCredentials(this.#options.keeper ?? this.#makeKeeper(), this.#clock);
    return this.#credentials;
  }

  #makeKeeper(): Keeper {
    this.#ownKeeper = createKeeper({ clock: this.#clock, localTimeoutSeconds: 60 });
    return this.#ownKeeper;
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted)
      throw new LatchkeyError('jobs/state', `the job service ${this.url} is closed`);
  }
}

/** What is under way is not waited for any longer, and goes on by itself. */
async function unlessAborted<Value>(value: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return value;
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([value, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
