import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../../../kit/index.ts';
import { JOB_LOG, WORK_DIRECTORY } from './job-directory.ts';
import { jobEnvironment } from './job-environment.ts';
import { lastWords, logTail } from './job-log.ts';
import { endProcesses } from './job-processes.ts';
import type { KeptModel, ModelHost, ProcessEnd, RunningModel, StartSpec, Whereabouts } from './model-host.ts';
import { identify, isGone, type ProcessIdentity } from './process-mark.ts';
import { type Instruction, MAX_REPORT_BYTES, REPORT_DESCRIPTOR, type Report, readReport } from './report.ts';

/** How often a job that is not our child is looked at. */
const LOOK_MS = 250;
/** How long a job that closed the descriptor may take to end. */
const LAST_BREATH_MS = 500;

/**
 * Jobs as processes of this machine, each the leader of a group (and session) of its own.
 *
 * @param classRuntime the command that serves a class; module and export are added to it
 */
export function localHost(classRuntime: readonly string[]): ModelHost {
  return {
    start: (spec, signal) => start(spec, commandOf(spec, classRuntime), signal),
    adopt: async (kept) => {
      checkHere(kept);
      return adopt(kept);
    },
    reap: async (left) => {
      checkHere(left);
      await endProcesses(left.process, left.directory, left.stopMs, false);
    },
  };
}

/** @throws LatchkeyError `config/invalid` for what a server on this directory had run elsewhere */
function checkHere({ batch }: Whereabouts): void {
  if (batch === undefined) return;
  throw new LatchkeyError(
    'config/invalid',
    `"${batch.id}" is a job of another host, and this server has none`,
    {
      hint: 'start it with that host once more, and drain it or have it stop with its jobs',
    },
  );
}

function commandOf({ program }: StartSpec, classRuntime: readonly string[]): readonly string[] {
  return program.kind === 'program' ? program.command : [...classRuntime, program.module, program.export];
}

async function start(
  spec: StartSpec,
  [command = '', ...args]: readonly string[],
  signal: AbortSignal,
): Promise<RunningModel> {
  const { job, directory } = spec;
  signal.throwIfAborted();
  const token = randomBytes(24).toString('base64url');
  const instruction: Instruction = {
    ...{ version: 1, job, token },
    ...{ key: spec.key.revealText(), listen: spec.place },
  };
  const { child, ended } = await spawnJob(spec, command, args);
  const stopped = AbortSignal.any([signal, AbortSignal.timeout(spec.startMs)]);
  let leader: ProcessIdentity | undefined;
  try {
    if (child.pid === undefined) throw await ended.then(({ failure }) => failure);
    leader = identify(child.pid) ?? { pid: child.pid, mark: 'gone' };
    spec.onProcess(leader);
    const line = await reportLine(child.stdio[REPORT_DESCRIPTOR] as Socket, instruction, ended, stopped);
    const report = readReport(line, instruction);
    return running(leader, report, ended, directory, spec.stopMs);
  } catch (error) {
    await endProcesses(leader, directory, spec.stopMs);
    if (signal.aborted) throw signal.reason;
    throw await withLog(error, spec, stopped.aborted);
  }
}

async function spawnJob(
  spec: StartSpec,
  command: string,
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly ended: Promise<ChildEnd> }> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;
  const log = await open(join(spec.directory, JOB_LOG), flags);
  try {
    const child = spawn(command, args, {
      // A session, and so a group, of its own: ended as a whole, and not by our terminal.
      detached: true,
      cwd: join(spec.directory, WORK_DIRECTORY),
      env: jobEnvironment(process.env, spec),
      stdio: ['ignore', log.fd, log.fd, 'pipe'],
    });
    // Before anything else happens: its end may come at once.
    return { child, ended: endOf(child) };
  } finally {
    await log.close();
  }
}

interface ChildEnd extends ProcessEnd {
  /** Why it could not be started at all. */
  readonly failure?: Error;
}

function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('error', (failure) => resolve({ code: null, signal: null, failure }));
    // Not `close`: what the job has started may hold its outputs for as long as it likes.
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** Tells the job what it must know, and waits for its line, its end, or the signal. */
async function reportLine(
  pipe: Socket,
  instruction: Instruction,
  ended: Promise<ChildEnd>,
  signal: AbortSignal,
): Promise<string> {
  // A job that reads nothing has closed it, or ends: its report, or its end, tells.
  pipe.on('error', () => {});
  pipe.write(`${JSON.stringify(instruction)}\n`);
  try {
    return await Promise.race([
      lineOf(pipe),
      ended.then((end) => {
        throw end.failure ?? endedEarly(end);
      }),
      aborted(signal),
    ]);
  } catch (error) {
    // Closing the descriptor is what happens when a process ends: how it ended says more.
    if (error instanceof ClosedDescriptor) {
      const end = await Promise.race([ended, delay(LAST_BREATH_MS)]);
      if (end !== undefined) throw end.failure ?? endedEarly(end);
      throw new StartFailure('closed the descriptor it should report on');
    }
    throw error;
  } finally {
    pipe.destroy();
  }
}

class StartFailure extends Error {
  readonly end: ProcessEnd;

  constructor(message: string, end: ProcessEnd = { code: null, signal: null }) {
    super(message);
    this.end = end;
  }
}
function endedEarly(end: ProcessEnd): StartFailure {
  return new StartFailure(
    end.signal === null ? `ended with exit code ${end.code}` : `was ended by ${end.signal}`,
    end,
  );
}

class ClosedDescriptor extends Error {}

function lineOf(pipe: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    pipe.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end !== -1) resolve(text.slice(0, end));
      else if (text.length > MAX_REPORT_BYTES) reject(new StartFailure('reports without end'));
    });
    pipe.once('end', () => reject(new ClosedDescriptor()));
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** The error as it is told: with what the job said last. */
async function withLog(error: unknown, spec: StartSpec, isLate: boolean): Promise<LatchkeyError> {
  const log = await logTail(join(spec.directory, JOB_LOG));
  const tail = `; ${lastWords(log)}`;
  const details = { job: spec.job, log };
  if (isLate)
    return new LatchkeyError(
      'remote/timed-out',
      `${spec.job} has not reported within ${spec.startMs / 1000} s${tail}`,
      { hint: 'raise start_timeout if it needs longer', details, retryable: true },
    );
  if (error instanceof LatchkeyError)
    return new LatchkeyError(error.code, `${error.message}${tail}`, {
      ...{ details: { ...error.details, ...details }, cause: error, retryable: error.retryable },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  const message = error instanceof Error ? error.message : String(error);
  const end = error instanceof StartFailure ? { exitCode: error.end.code, signal: error.end.signal } : {};
  const what =
    error instanceof StartFailure ? `${message} before it reported` : `cannot be started: ${message}`;
  return new LatchkeyError('remote/start-failed', `${spec.job} ${what}${tail}`, {
    cause: error,
    hint: `"latchkey models logs ${spec.job}" shows all that it said`,
    details: { ...details, ...end },
  });
}

function running(
  leader: ProcessIdentity,
  report: Report,
  ended: Promise<ProcessEnd>,
  directory: string,
  stopMs: number,
): RunningModel {
  const stop = async () => {
    await endProcesses(leader, directory, stopMs);
    await ended;
  };
  return { process: leader, report, ended, stop };
}

/** Somebody else's child: its end is seen by looking, and how it ended is not known. */
function adopt({ process, report, directory, stopMs }: KeptModel): RunningModel | undefined {
  if (process === undefined) return undefined;
  if (isGone(process)) return undefined;
  const ended = (async () => {
    while (!isGone(process)) await delay(LOOK_MS, undefined, { ref: false });
    return { code: null, signal: null };
  })();
  return running(process, report, ended, directory, stopMs);
}
