import { randomBytes } from 'node:crypto';
import { type Clock, isLatchkeyError, LatchkeyError, printable } from '../kit/index.ts';
import type { BatchRequest } from './batch-request.ts';
import type { CheckedDescription } from './checked-description.ts';
import { keepDescription } from './kept-description.ts';
import { launcherText, type StandardInput } from './launcher.ts';
import { readRecords } from './sandbox.ts';
import { PREPARE, PREPARE_LONG, SUBMIT, SUBMITTED, UNMADE } from './sandbox-scripts.ts';
import { commandOptions, runCommand, runScript, type Workplace } from './workplace.ts';

/** One attempt to submit a job: its own tag, its own sandbox. */
export interface Attempt {
  readonly tag: string;
  readonly sandbox: string;
  readonly request: BatchRequest;
  readonly job: CheckedDescription;
  readonly service: string;
  readonly graceSeconds: number;
  readonly standardInput: StandardInput | undefined;
}

/** A new attempt, with places filled in. Nothing has happened there yet. */
export function newAttempt(
  { root }: Workplace,
  job: CheckedDescription,
  service: string,
  graceSeconds: number,
  standardInput: StandardInput | undefined,
): Attempt {
  const tag = `lk-${randomBytes(9).toString('hex')}`;
  const sandbox = `${root}/${tag}`;
  const request: BatchRequest = {
    ...{ tag, name: job.name, launcher: `${sandbox}/launcher`, directory: sandbox },
    ...{ outputPath: `${sandbox}/scheduler.out`, errorPath: `${sandbox}/scheduler.err` },
    queue: job.queue,
    project: job.project,
    wallTimeMinutes: job.wallTimeMinutes,
    totalPhysicalMemoryMegabytes: job.totalPhysicalMemory,
    totalCpuCount: job.totalCpuCount,
    totalGpuCount: job.totalGpuCount,
    numberOfProcesses: job.numberOfProcesses,
    processesPerHost: job.processesPerHost,
    threadsPerProcess: job.threadsPerProcess,
    spmdVariation: job.spmdVariation,
    candidateHosts: job.candidateHosts,
    jobContact: job.jobContact,
    arraySize: job.arraySize,
    directives: job.directives,
  };
  return { tag, sandbox, request, job, service, graceSeconds, standardInput };
}

/** What {@link submitNow} does between the sandbox and the submission: files, credentials. */
export type BeforeSubmission = ((attempt: Attempt) => Promise<void>) | undefined;

/**
 * Makes the sandbox, lets `before` fill it, and submits; all in one round trip where nothing comes between. When the
 * connection is lost in the middle, the machine is asked whether the job is there before it is submitted again; an
 * attempt that left no trace leaves no sandbox either, so that it could not run even if it came late.
 *
 * @returns the scheduler's id and the attempt that it is of
 * @throws LatchkeyError of the connection, `jobs/scheduler`, and what `before` throws
 */
export async function submitNow(
  place: Workplace,
  makeAttempt: () => Attempt,
  before: BeforeSubmission,
  clock: Clock,
): Promise<{ readonly id: string; readonly attempt: Attempt }> {
  for (let tries = 1; ; tries += 1) {
    const attempt = makeAttempt();
    let isAsked = before === undefined;
    try {
      if (before === undefined) return { id: await prepare(place, attempt, clock, true), attempt };
      await prepare(place, attempt, clock, false);
      await before(attempt);
      isAsked = true;
      return { id: await submitPrepared(place, attempt), attempt };
    } catch (error) {
      const id = isAsked && isLost(error) ? await recover(place, attempt, clock) : undefined;
      if (id !== undefined) return { id, attempt };
      await discard(place, attempt);
      if (!isLost(error) || tries === MAX_TRIES) throw error;
    }
  }
}

const MAX_TRIES = 3;
/** A third of what Linux takes as one word, which may be UTF-8. */
const LONGEST_WORD = 40_000;
const LOOKS = 5;
const LOOK_MS = 1000;
const LONGEST_OUTAGE_LOOKS = 60;

async function prepare(place: Workplace, attempt: Attempt, clock: Clock, submits: boolean): Promise<string> {
  const { transport, system, root } = place;
  const { tag, sandbox, job, request, service, graceSeconds, standardInput } = attempt;
  const mode = system.name === 'machine' ? 'supervised' : 'scheduled';
  const launcher = launcherText(job, { sandbox, mode, graceSeconds, standardInput });
  const script = system.script(request);
  const kept = keepDescription(tag, service, job, clock.now());
  const command = system.submit(request, `${sandbox}/script`);
  // There is one input, and it may be taken.
  const isOneStep = submits && command.input === undefined;
  const directories = [
    tag,
    ...((job.credentials?.length ?? 0) > 0 ? [`${tag}/credentials`, `${tag}/credentials/condor`] : []),
    ...(job.workingDirectory === undefined ? [`${tag}/work`] : []),
  ].join(' ');
  const files = [launcher, script, kept];
  const isLong = files.some((file) => file.length > LONGEST_WORD);
  const words = isLong ? [lineCount(launcher), lineCount(script)] : files;
  const result = await transport.script(
    isLong ? PREPARE_LONG : PREPARE,
    [root, tag, directories, ...words, ...(isOneStep ? command.argv : [])],
    { input: isLong ? files.join('') : undefined, env: command.env },
  );
  const said = result.stderr.toString('utf8').trim().slice(-300).replaceAll('\n', '; ');
  if (result.exitCode !== 0 && (said.includes(UNMADE) || !isOneStep)) {
    throw new LatchkeyError('jobs/staging', `cannot make the sandbox "${sandbox}": ${printable(said)}`, {
      hint: 'make room there, or have sandboxes in another place (sandboxRoot, --sandboxes)',
    });
  }
  if (isOneStep) return system.parseSubmit(result);
  return submits ? submitPrepared(place, attempt) : '';
}

async function submitPrepared(
  { transport, system }: Workplace,
  { request, sandbox }: Attempt,
): Promise<string> {
  const command = system.submit(request, `${sandbox}/script`);
  return system.parseSubmit(
    await transport.script(SUBMIT, [sandbox, ...command.argv], commandOptions(command)),
  );
}

/** Whether the job got there after all: by the answer kept there, by its tag, by its own record. */
async function recover(place: Workplace, attempt: Attempt, clock: Clock): Promise<string | undefined> {
  const { system, transport } = place;
  for (let looks = 0, outages = 0; looks < LOOKS; ) {
    await clock.sleep(LOOK_MS);
    try {
      const answer = await runScript(transport, SUBMITTED, [attempt.sandbox]);
      if (answer.trim() !== '') {
        return system.parseSubmit({ exitCode: 0, stdout: Buffer.from(answer), stderr: Buffer.alloc(0) });
      }
      const found = system.parseFound(await runCommand(place, system.findByTag(attempt.tag)), attempt.tag);
      if (found[0] !== undefined) return found[0];
      const batchId = (await readRecords(place, [attempt.tag])).get(attempt.tag)?.get(0)?.begin?.batchId;
      if (batchId !== undefined && batchId !== '-') return batchId;
      looks += 1;
    } catch (error) {
      outages += 1;
      if (!isLost(error) || outages > LONGEST_OUTAGE_LOOKS) throw error;
    }
  }
  return undefined;
}

async function discard({ transport }: Workplace, { sandbox }: Attempt): Promise<void> {
  // What made us give up is what counts; a sandbox that stays is only untidy.
  await transport.files.remove(sandbox, { recursive: true }).catch(() => {});
}

/** The answer is missing, not the deed. */
function isLost(error: unknown): boolean {
  return (
    isLatchkeyError(error, 'ssh/lost') ||
    (isLatchkeyError(error, 'ssh/command') && error.details.reason === 'timed-out')
  );
}

function lineCount(text: string): string {
  return String(text.split('\n').length - 1);
}
