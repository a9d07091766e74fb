import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { LatchkeyError, printable, runProgram } from '../kit/index.ts';
import { commandStopped, noDirectory, type StopReason } from './command-error.ts';
import { END_COMMAND_SCRIPT } from './shell/end-command.ts';
import {
  type CommandText,
  commandBody,
  enterDirectory,
  MarkedOutput,
  NO_DIRECTORY,
  newMark,
} from './shell/frame.ts';
import { loginShellCommand } from './shell/login-shell.ts';
import { shellWord } from './shell/quote.ts';
import type { CommandOptions, RunningProgram } from './transport.ts';

/** What a login's start-up files may write before the program speaks. */
const MAX_NOISE_BYTES = 1 << 20;
const START_TIMEOUT_MS = 60_000;
/** From the request to end a program until its channel is given up. */
const END_TIMEOUT_MS = 8000;

/** What a session needs to ride on a master. */
export interface SessionHost {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly controlPath: string;
  /** Why the login is lost, when it is. */
  lostCause(): Error | undefined;
  /** Asks the login itself: a session may go with it before anybody has noticed. */
  isAlive(): Promise<boolean>;
  /** Opens the session that ssh's words ask for, where no ssh program does it. */
  readonly spawn?: ((words: readonly string[]) => ChildProcessWithoutNullStreams) | undefined;
}

/** A program over there, and how it is ended for a reason. */
export interface SessionProgram extends RunningProgram {
  stopFor(reason: StopReason): void;
}

/** An ssh that rides on the master. Without one it must fail: it knows no other way, and no host. */
export function spawnSession(host: SessionHost, words: readonly string[]): ChildProcessWithoutNullStreams {
  if (host.spawn !== undefined) return host.spawn(words);
  return spawn(host.program, sessionArgs(host, words), { env: host.env, cwd: '/', detached: true });
}

/** Ends the command that a kept shell is running. */
export async function endCommand(host: SessionHost, shellPid: number, graceSeconds: number): Promise<void> {
  await runRemote(host, `set -- ${shellPid} ${graceSeconds}\n${END_COMMAND_SCRIPT}`);
}

/**
 * Starts a program in a session of its own, and resolves when it has begun. What ends it (`stop`, time-out, abort) ends its whole
 * process group over there: TERM, two seconds later KILL.
 *
 * @throws LatchkeyError `ssh/command` (`details.reason` = `not-started`), `ssh/lost`
 */
export async function startSession(
  host: SessionHost,
  command: CommandText,
  options: CommandOptions,
): Promise<SessionProgram> {
  const mark = newMark();
  const announce = (word: string) => `printf '%s%s\\n' ${mark} ${word}; printf '%s\\n' ${mark} >&2`;
  const enter = enterDirectory(options, `{ ${announce(NO_DIRECTORY)}; exit 126; }`);
  const script = `${enter}${announce('$$')}; ${commandBody(command, options)}`;
  const child = spawnSession(host, ['--', 'latchkey', loginShellCommand(script)]);
  child.stdin.on('error', () => {});
  const stdout = new StreamAfterMark(child.stdout, mark);
  const stderr = new StreamAfterMark(child.stderr, mark);
  const begun = Promise.all([stdout.begun, stderr.begun]).then(() => 'begun' as const);
  let isBegun = false;
  void begun.then(() => {
    isBegun = true;
  });
  let stopped: StopReason | undefined;
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(lost(cause, isBegun)));
    child.once('close', (code) => {
      const cause = host.lostCause();
      if (stopped === 'stopped') resolve(code ?? 143);
      else if (stopped !== undefined) reject(commandStopped(stopped, options));
      // 255 is ssh's own code, and may be the program's as well: the master knows.
      else if (code === null || cause !== undefined) reject(lost(cause, isBegun));
      else resolve(code);
    });
  });
  // Whoever only follows the output need not ask for the end.
  ended.catch(() => {});
  const stopFor = (reason: StopReason) => {
    if (stopped !== undefined) return;
    stopped = reason;
    const timer = setTimeout(() => child.kill(), END_TIMEOUT_MS);
    void ended.catch(() => {}).finally(() => clearTimeout(timer));
    const pid = Number(stdout.word);
    if (pid > 1) runRemote(host, endGroup(pid)).catch(() => child.kill());
    else child.kill();
  };
  const release = limit(options, stopFor);
  void ended.catch(() => {}).finally(release);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), START_TIMEOUT_MS);
  });
  try {
    const outcome = await Promise.race([begun, ended.catch((error: unknown) => ({ error })), late]);
    if (stdout.word === NO_DIRECTORY) throw noDirectory(options);
    if (outcome === 'begun')
      return { ...streams(child, stdout, stderr), ended, stop: () => stopFor('stopped'), stopFor };
    if (!(await host.isAlive())) throw typeof outcome === 'object' ? outcome.error : lost(undefined, false);
    if (stopped !== undefined && typeof outcome === 'object') throw outcome.error;
    const words = printable(stderr.noise.trim().slice(-300));
    throw new LatchkeyError('ssh/command', `the machine starts nothing${words === '' ? '' : `: ${words}`}`, {
      hint: 'the account may be for forwards or files only, or the server allows no more sessions (MaxSessions)',
      details: { reason: 'not-started', ran: outcome === 'late' ? 'unknown' : 'no' },
    });
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }

  function lost(cause: unknown, ran: boolean): LatchkeyError {
    return new LatchkeyError('ssh/lost', 'the connection was lost while the program ran', {
      retryable: true,
      details: { ran: ran ? 'unknown' : 'no' },
      cause: cause ?? host.lostCause(),
    });
  }
}

/** What a stream says after the mark; before it, a login's start-up files may have spoken. */
class StreamAfterMark {
  readonly stream = new PassThrough();
  readonly begun: Promise<void>;
  readonly #before: MarkedOutput;

  constructor(source: NodeJS.ReadableStream, mark: string) {
    this.#before = new MarkedOutput(mark, MAX_NOISE_BYTES);
    this.begun = new Promise((resolve) => {
      source.on('data', (chunk: Buffer) => {
        const rest = this.#before.isDone ? chunk : this.#before.take(chunk);
        if (this.#before.isDone) resolve();
        if (rest === undefined || rest.length === 0 || this.stream.write(rest)) return;
        source.pause();
        this.stream.once('drain', () => source.resume());
      });
    });
    source.once('end', () => this.stream.end());
    source.once('close', () => this.stream.end());
  }

  get word(): string | undefined {
    return this.#before.word;
  }

  get noise(): string {
    return this.#before.bytes.toString('utf8');
  }
}

function streams(child: ChildProcessWithoutNullStreams, stdout: StreamAfterMark, stderr: StreamAfterMark) {
  return { stdin: child.stdin, stdout: stdout.stream, stderr: stderr.stream };
}

function limit({ timeoutMs, signal }: CommandOptions, stopFor: (reason: StopReason) => void): () => void {
  const onAbort = () => stopFor('cancelled');
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => stopFor('timed-out'), Math.min(timeoutMs, 2 ** 31 - 1));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
}

/** Every session has a process group of its own, which the login shell leads and the program inherits. */
function endGroup(pid: number): string {
  const send = (signal: string) =>
    `kill -${signal} -${pid} 2>/dev/null || kill -${signal} ${pid} 2>/dev/null`;
  return [
    `${send('TERM')} || exit 0`,
    'n=0; while [ $n -lt 20 ]; do',
    `  kill -0 -${pid} 2>/dev/null || kill -0 ${pid} 2>/dev/null || exit 0`,
    '  sleep 0.1 2>/dev/null || sleep 1; n=$((n + 1))',
    'done',
    `${send('KILL')}; exit 0`,
  ].join('\n');
}

function sessionArgs(host: SessionHost, words: readonly string[]): readonly string[] {
  return [
    ...['-F', 'none', '-S', host.controlPath, '-T'],
    ...[
      '-o',
      'ControlMaster=no',
      '-o',
      'BatchMode=yes',
      '-o',
      'ProxyCommand=exit 254',
      '-o',
      'LogLevel=ERROR',
    ],
    ...words,
  ];
}

async function runRemote(host: SessionHost, script: string): Promise<void> {
  const words = ['--', 'latchkey', `exec /bin/sh -c ${shellWord('eval "$(cat)"')}`];
  if (host.spawn !== undefined) {
    const child = host.spawn(words);
    child.stdout.resume();
    child.stderr.resume();
    child.stdin.end(script);
    const timer = setTimeout(() => child.kill(), 20_000);
    await new Promise((resolve) => child.once('close', resolve));
    return clearTimeout(timer);
  }
  await runProgram(host.program, sessionArgs(host, words), {
    env: host.env,
    input: script,
    timeoutMs: 20_000,
  });
}
