import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { LatchkeyError, printable, runProgram } from '../kit/index.ts';
import { END_COMMAND_SCRIPT } from './shell/end-command.ts';
import { type CommandText, commandBody, MarkedOutput } from './shell/frame.ts';
import { loginShellCommand } from './shell/login-shell.ts';
import { shellWord } from './shell/quote.ts';
import type { CommandOptions, RunningProgram } from './transport.ts';

const MAX_NOISE_BYTES = 1 << 20;
const DEFAULT_START_TIMEOUT_MS = 60_000;

/** What a session needs to ride on a master. */
export interface SessionHost {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly controlPath: string;
  lostCause(): Error | undefined;
}

/** An ssh that rides on the master. Without one it must fail: it knows no other way, and no host. */
export function spawnSession(host: SessionHost, words: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(host.program, sessionArgs(host, words), { env: host.env, cwd: '/', detached: true });
}

/** Ends the command that a kept shell is running. */
export async function endCommand(host: SessionHost, shellPid: number, graceSeconds: number): Promise<void> {
  const script = `set -- ${shellPid} ${graceSeconds}\n${END_COMMAND_SCRIPT}`;
  await runRemote(host, script);
}

/** Starts a program with streams of its own. */
export async function startSession(
  host: SessionHost,
  command: CommandText,
  options: CommandOptions,
): Promise<RunningProgram> {
  const mark = `:lk${randomBytes(16).toString('hex')}:`;
  const script = `printf '%s%s\\n' ${mark} $$; printf '%s\\n' ${mark} >&2; ${commandBody(command, options)}`;
  const child = spawnSession(host, ['--', 'latchkey', loginShellCommand(script)]);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const output = new MarkedOutput(mark, MAX_NOISE_BYTES);
  const errors = new MarkedOutput(mark, MAX_NOISE_BYTES);
  let isStopped = false;
  let isBegun = false;
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(lost(host, cause, isBegun)));
    child.once('close', (code) => {
      const cause = host.lostCause();
      // 255 is ssh's own code, and may be the program's as well: the master knows.
      if (isStopped) resolve(code ?? 143);
      else if (code === null || cause !== undefined) reject(lost(host, cause, isBegun));
      else resolve(code);
    });
  });
  ended.catch(() => {});
  const begun = new Promise<void>((resolve) => {
    const pass = (marked: MarkedOutput, stream: PassThrough) => (chunk: Buffer) => {
      const rest = marked.isDone ? chunk : marked.take(chunk);
      if (output.isDone && errors.isDone) {
        isBegun = true;
        resolve();
      }
      if (rest !== undefined && rest.length > 0 && !stream.write(rest)) {
        const source = stream === stdout ? child.stdout : child.stderr;
        source.pause();
        stream.once('drain', () => source.resume());
      }
    };
    child.stdout.on('data', pass(output, stdout));
    child.stderr.on('data', pass(errors, stderr));
    child.stdout.once('end', () => stdout.end());
    child.stderr.once('end', () => stderr.end());
    child.stdin.on('error', () => {});
  });
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    const pid = Number(output.word);
    if (!(pid > 1)) return void child.kill();
    // Its whole session over there; then nothing is left that the channel could wait for.
    const script = `kill -TERM -${pid} || kill -TERM ${pid}; sleep 2; kill -KILL -${pid} || kill -KILL ${pid}; exit 0`;
    runRemote(host, script)
      .catch(() => {})
      .finally(() => child.kill());
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  ended.catch(() => {}).finally(() => options.signal?.removeEventListener('abort', stop));
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    const limit = options.timeoutMs ?? DEFAULT_START_TIMEOUT_MS;
    timer = setTimeout(() => {
      reject(new LatchkeyError('ssh/command', `the program did not start within ${limit / 1000} s`));
    }, limit);
  });
  try {
    await Promise.race([
      begun,
      timedOut,
      ended.then((code) => {
        if (isBegun) return;
        const words = printable(errors.bytes.toString('utf8').trim().slice(-300));
        throw new LatchkeyError(
          'ssh/command',
          `the machine starts nothing (${code})${words === '' ? '' : `: ${words}`}`,
          {
            hint: 'the account may be for forwards or files only, or the server allows no more sessions (MaxSessions)',
            details: { ran: 'no' },
          },
        );
      }),
    ]);
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return { stdin: child.stdin, stdout, stderr, ended, stop };
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
  await runProgram(host.program, sessionArgs(host, words), {
    env: host.env,
    input: script,
    timeoutMs: 20_000,
  });
}

function lost(host: SessionHost, cause: unknown, ran: boolean): LatchkeyError {
  return new LatchkeyError('ssh/lost', 'the connection was lost while the program ran', {
    retryable: true,
    details: { ran: ran ? 'unknown' : 'no' },
    cause: cause ?? host.lostCause(),
  });
}
