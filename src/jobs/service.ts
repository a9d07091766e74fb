import { createKeeper, type Keeper } from '../keeper/index.ts';
import { type Clock, LatchkeyError, systemClock } from '../kit/index.ts';
import { assertSupported, type CheckedDescription, checkDescription } from './checked-description.ts';
import type { Connector } from './connector.ts';
import { checkCredentials } from './credential-files.ts';
import type { JobDescription } from './description.ts';
import type { Ec2MachineOptions } from './ec2-machine.ts';
import { parseFileTransfer } from './file-transfer.ts';
import { type FinishTools, finishJob, withdrawCredentials } from './finish.ts';
import { Follower, type PollPolicy } from './follower.ts';
import { Job, type JobOperations } from './job.ts';
import type { JobCredential } from './job-credential.ts';
import { JobCredentials } from './job-credentials.ts';
import { type JobEntry, newEntry } from './job-entry.ts';
import type { JobFacts } from './job-facts.ts';
import { formatJobId, parseJobId } from './job-id.ts';
import { tellCredential, tellTrouble } from './job-news.ts';
import { isFinal, stateOfArray } from './job-state.ts';
import { byJob } from './judge.ts';
import { parseKept } from './kept-description.ts';
import { KnownJobs } from './known-jobs.ts';
import { cancelThere, findSandbox, readKept } from './sandbox.ts';
import {
  controlThere,
  giveAgain,
  outputPath,
  removeThere,
  type SubmitTools,
  submitThere,
} from './service-steps.ts';
import { parseServiceUrl, type ServiceUrl } from './service-url.ts';
import { deskOf } from './status-desk.ts';
import { knownSystem, openWorkplace, runCommand, type Workplace } from './workplace.ts';

/** What a {@link Service} may be told; everything has a default. */
export interface ServiceOptions {
  /** Reaches machines; needed for everything but `local://` and schedulers of this machine. */
  readonly session?: Connector | undefined;
  /** What `ec2://` starts when it is first needed, and terminates when the service is closed, with all that runs there. */
  readonly ec2?: Ec2MachineOptions | undefined;
  /** Renews the credentials of jobs; default: one of the service's own. */
  readonly keeper?: Keeper | undefined;
  readonly clock?: Clock | undefined;
  /** Where sandboxes are: absolute, or below the login directory. Default `.latchkey/jobs`. All nodes must see it. */
  readonly sandboxRoot?: string | undefined;
  /** Default: from half a second (machines themselves 200 ms) to 30 s (5 s). */
  readonly poll?: Partial<PollPolicy> | undefined;
  /** Seconds between TERM and KILL where no scheduler decides it. Default 10. */
  readonly graceSeconds?: number | undefined;
  /** Milliseconds after which a job that nobody knows any more is `vanished`. Default 30 000. */
  readonly vanishedAfterMs?: number | undefined;
}

/** What a job that is taken up again is given. */
export interface GetJobOptions {
  /** Sources of its credentials: they are not data, and so not kept with it. */
  readonly credentials?: readonly JobCredential[] | undefined;
  /**
   * What is fetched at its end, as its description had it (default: nothing). It is not taken from the sandbox: that is the
   * other machine's word, and it would say which files are replaced here.
   */
  readonly fileTransfer?: readonly string[] | undefined;
}

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
  #isClosed = false;

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
      submit: (job) => this.#submit(job),
      cancel: (entries) => this.#cancel(entries),
      control: async (entry, operation, signal) => {
        await controlThere(await this.#open(), entry, operation, signal);
        this.#follower.soon();
      },
      ask: () => this.#follower.ask(),
      outputPath,
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
  async run(description: JobDescription | Readonly<Record<string, unknown>>): Promise<Job> {
    const job = this.createJob(description);
    await job.run();
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
  async getJob(id: string, { credentials = [], fileTransfer }: GetJobOptions = {}): Promise<Job> {
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
    const tag = await findSandbox(place, native);
    const kept = tag === undefined ? undefined : parseKept(await readKept(place, tag), tag);
    checkCredentials(credentials);
    const transfers = (fileTransfer ?? []).map(parseFileTransfer);
    const job = kept && { ...kept.description, credentials, transfers };
    const about = {
      id: whole,
      native,
      tag: kept && tag,
      job,
      hasCredentials: kept?.hasCredentials ?? false,
      hasForgottenFiles: fileTransfer === undefined && (kept?.hasFiles ?? false),
    };
    const entry = newEntry(about, 'Unknown', this.#clock.now());
    this.#jobs.add(entry);
    this.#follower.add(entry);
    try {
      await this.#follower.ask();
      // It had ended before: that is known when its credentials and files have been seen to.
      await entry.finishing;
      // Nobody knows it: not the queue, the sandbox, or the accounts.
      if (entry.trouble !== undefined && !isFinal(entry.facts.state)) throw entry.trouble;
      if (entry.missingSince !== undefined && kept === undefined) {
        throw new LatchkeyError('jobs/not-found', `nobody knows a job "${native}" at ${this.url}`, {
          hint: 'a scheduler forgets jobs some time after their end',
        });
      }
    } catch (error) {
      this.#jobs.delete(entry);
      this.#follower.drop(entry);
      throw error;
    }
    if (
      kept !== undefined &&
      tag !== undefined &&
      credentials.length > 0 &&
      !isFinal(entry.facts.state) &&
      entry.missingSince === undefined
    ) {
      const { onCredential, onGone } = this.#credentialTools(entry);
      const followed = { tag, sandbox: `${place.root}/${tag}`, credentials };
      await this.#keep().follow(place, followed, kept.description.wallTimeMinutes, onCredential, onGone);
    }
    return new Job(this.#operations, job, entry);
  }

  /** Ids of all the user's jobs at the scheduler, ours or not. */
  async list(): Promise<readonly string[]> {
    if (this.#hasNoMachine()) return [];
    const place = await this.#open();
    const natives = place.system.parseList(await runCommand(place, place.system.list()));
    return natives.map((native) => formatJobId({ service: this.url, native }));
  }

  /** The same with their states, in two questions. What a job of ours has on record besides, {@link getJob} tells. */
  async overview(): Promise<readonly { readonly id: string; readonly facts: JobFacts }[]> {
    if (this.#hasNoMachine()) return [];
    const place = await this.#open();
    const { system } = place;
    const natives = system.parseList(await runCommand(place, system.list()));
    const told =
      natives.length === 0 ? [] : system.parseQuery(await runCommand(place, system.query(natives)));
    const answers = byJob(told);
    return natives.map((native) => {
      const answer = answers.get(native);
      const id = formatJobId({ service: this.url, native });
      const states = new Set([...(answer?.values() ?? [])].map(({ state }) => state));
      const [first] = answer?.values() ?? [];
      if (first !== undefined && states.size === 1) {
        const { id: _id, tasks: _tasks, ...facts } = first;
        return { id, facts };
      }
      return { id, facts: { state: stateOfArray(states) } };
    });
  }

  /** Cancels many at once; see `JobContainer`. */
  async cancelAll(jobs: readonly Job[]): Promise<void> {
    await this.#cancel(jobs.map((job) => job.entry()));
  }

  /** Follows and renews no more, and disconnects; jobs go on. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
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
      const opening = openWorkplace(this.#url, { session, ec2, sandboxRoot, graceSeconds });
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

  async #submit(job: CheckedDescription): ReturnType<JobOperations['submit']> {
    const place = await this.#open();
    // Of a scheme that stands for several, the adaptor is known only now.
    assertSupported(job, place.system.name, place.system.unsupported);
    let entry: JobEntry | undefined;
    const { id, tag, findings } = await submitThere(place, job, {
      service: this.url,
      clock: this.#clock,
      graceSeconds: this.#options.graceSeconds ?? 10,
      credentials: () => this.#keep(),
      onCredential: (event) => entry !== undefined && tellCredential(entry, this.#clock, event),
      onGone: () => this.#follower.soon(),
    });
    const about = { id: formatJobId({ service: this.url, native: id }), native: id, tag, job };
    const hasCredentials = (job.credentials?.length ?? 0) > 0;
    entry = newEntry({ ...about, hasCredentials, hasForgottenFiles: false }, 'Pending', this.#clock.now());
    this.#jobs.add(entry);
    this.#follower.add(entry);
    return { entry, findings };
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
    if (this.#isClosed) throw new LatchkeyError('jobs/state', `the job service ${this.url} is closed`);
  }
}
