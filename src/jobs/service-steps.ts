import type { KeeperEvent } from '../keeper/index.ts';
import { type Clock, LatchkeyError } from '../kit/index.ts';
import type { CheckedDescription } from './checked-description.ts';
import type { CredentialFinding } from './credential-outlook.ts';
import type { JobCredentials } from './job-credentials.ts';
import type { JobEntry } from './job-entry.ts';
import { placeTransfers, stageIn, workDirectoryOf } from './staging.ts';
import { stageInput } from './standard-input.ts';
import { newAttempt, submitNow } from './submission.ts';
import { runCommand, type Workplace } from './workplace.ts';

/** What {@link submitThere} needs besides the job. */
export interface SubmitTools {
  readonly service: string;
  readonly clock: Clock;
  readonly graceSeconds: number;
  readonly credentials: () => JobCredentials;
  readonly onCredential: (event: KeeperEvent) => void;
  /** The sandbox takes no more credentials. */
  readonly onGone: () => void;
  /** What its program reads: streamed to it later, or a file of ours that goes there before. */
  readonly standardInput?: 'streamed' | { readonly stagedFrom: string } | undefined;
  /** Gives it up as long as it is not submitted. */
  readonly signal?: AbortSignal | undefined;
}

/** A job that the scheduler has taken. */
export interface Submitted {
  /** The scheduler's id. */
  readonly id: string;
  readonly tag: string;
  readonly findings: readonly CredentialFinding[];
}

/** Credentials first, then files, then the submission itself. What fails leaves nothing behind. */
export async function submitThere(
  place: Workplace,
  job: CheckedDescription,
  tools: SubmitTools,
): Promise<Submitted> {
  const { credentials: wanted = [], transfers, credentialPolicy = 'warn', wallTimeMinutes } = job;
  let findings: readonly CredentialFinding[] = [];
  let held: string | undefined;
  const release = () => {
    if (held !== undefined) tools.credentials().release(held);
    held = undefined;
  };
  const { standardInput, signal } = tools;
  const staged = typeof standardInput === 'object' ? standardInput.stagedFrom : undefined;
  const how = staged === undefined ? (standardInput as 'streamed' | undefined) : 'staged';
  const isFast =
    wanted.length === 0 && staged === undefined && !transfers.some((transfer) => transfer.direction === 'in');
  const makeAttempt = () => newAttempt(place, job, tools.service, tools.graceSeconds, how);
  try {
    const { id, attempt } = await submitNow(
      place,
      makeAttempt,
      isFast
        ? undefined
        : async ({ tag, sandbox }) => {
            release();
            if (wanted.length > 0) {
              held = tag;
              const followed = { tag, sandbox, credentials: wanted };
              const { onCredential, onGone } = tools;
              findings = await tools
                .credentials()
                .follow(place, followed, wallTimeMinutes, onCredential, onGone);
              refuseShort(findings, credentialPolicy);
            }
            await stageIn(place, placeTransfers(job, workDirectoryOf(job, place.home, sandbox)));
            if (staged !== undefined) await stageInput(place, staged, sandbox, signal);
            signal?.throwIfAborted();
          },
      tools.clock,
    );
    return { id, tag: attempt.tag, findings };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Gives a job that runs once more its credentials again; its launcher took the place for them away with its first end.
 *
 * @returns what is to be told of those that cannot be had again
 * @throws LatchkeyError of the source or delivery that failed; it may be tried again
 */
export async function giveAgain(
  place: Workplace,
  { id, tag, job }: JobEntry,
  tools: Pick<SubmitTools, 'credentials' | 'onCredential' | 'onGone'>,
): Promise<LatchkeyError | undefined> {
  if (tag === undefined) return undefined;
  const wanted = job?.credentials ?? [];
  const lasting = wanted.filter(({ renewable = true }) => renewable);
  const sandbox = `${place.root}/${tag}`;
  if (lasting.length > 0) {
    await place.transport.files.makeDirectory(`${sandbox}/credentials/condor`, { mode: 0o700 });
    const followed = { tag, sandbox, credentials: lasting };
    await tools.credentials().follow(place, followed, undefined, tools.onCredential, tools.onGone);
  }
  if (lasting.length > 0 && lasting.length === wanted.length) return undefined;
  return new LatchkeyError('jobs/staging', `not all that the first run of "${id}" had can be had again`, {
    hint: 'getJob(id, { credentials }) with sources that can be asked more than once',
  });
}

/**
 * Removes the sandbox of a job.
 *
 * @throws LatchkeyError `jobs/not-found` for a job that was not submitted by us
 */
export async function removeThere({ transport, root }: Workplace, { id, tag }: JobEntry): Promise<void> {
  if (tag === undefined) {
    throw new LatchkeyError('jobs/not-found', `"${id}" has no sandbox: it was submitted by other means`);
  }
  await transport.files.remove(`${root}/${tag}`, { recursive: true });
}

function refuseShort(findings: readonly CredentialFinding[], policy: 'warn' | 'refuse'): void {
  const reason = findings.find(
    (finding) => finding.code === 'credential-expired' || (finding.isSerious && policy === 'refuse'),
  );
  if (reason === undefined) return;
  throw new LatchkeyError('jobs/credential-too-short', `the job was not submitted: ${reason.message}`, {
    hint: 'get a longer credential, one that can be renewed, or set credentialPolicy to "warn"',
    details: { findings },
  });
}

/**
 * Suspends, resumes or signals a job.
 *
 * @throws LatchkeyError `jobs/unsupported`, `jobs/scheduler`
 */
export async function controlThere(
  place: Workplace,
  entry: JobEntry,
  operation: 'suspend' | 'resume' | 'signal',
  signal = 'TERM',
): Promise<void> {
  const { system } = place;
  const ids = [entry.native];
  const command = operation === 'signal' ? system.signal?.(ids, signal) : system[operation]?.(ids);
  if (command === undefined) {
    throw new LatchkeyError('jobs/unsupported', `the adaptor "${system.name}" cannot ${operation} a job`, {
      details: { adaptor: system.name, operation },
    });
  }
  const result = await runCommand(place, command);
  if (system.parseControl !== undefined) system.parseControl(result);
  else if (result.exitCode !== 0) {
    const said = result.stderr.toString('utf8').trim().slice(-300);
    throw new LatchkeyError('jobs/scheduler', `cannot ${operation} the job "${entry.id}": ${said}`);
  }
}

/**
 * Where an output of a job, or of a task of an array, goes.
 *
 * @throws LatchkeyError `jobs/not-found` for a job that was not submitted by us
 */
export function outputPath(
  { tag, job, id }: JobEntry,
  { root, home }: Workplace,
  stream: 'output' | 'error',
  task: number | undefined,
): string {
  if (tag === undefined || job === undefined) {
    throw new LatchkeyError(
      'jobs/not-found',
      `where the output of "${id}" goes is not known: it was submitted by other means`,
    );
  }
  const isArray = job.arraySize !== undefined;
  if (isArray !== (task !== undefined)) {
    throw new TypeError(
      isArray ? 'an array has an output for each task: name one' : 'a job that is no array has no tasks',
    );
  }
  const sandbox = `${root}/${tag}`;
  const given = job[stream];
  if (given === undefined)
    return `${sandbox}/${stream === 'output' ? 'out' : 'err'}${isArray ? `.${task}` : ''}`;
  const path = isArray ? given.replaceAll('%a', String(task)) : given;
  return path.startsWith('/') ? path : `${workDirectoryOf(job, home, sandbox)}/${path}`;
}
