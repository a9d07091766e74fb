import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { LatchkeyError, quote } from '../kit/index.ts';
import { noDirectory, type StopReason } from './command-error.ts';
import { signalGroup } from './signal-group.ts';

/** Time between TERM and KILL. */
const GRACE_MS = 1_000;

/** A program and all that it has started in its own process group. */
export interface ProcessGroup {
  readonly stdin: NodeJS.WritableStream;
  readonly stdout: NodeJS.ReadableStream;
  readonly stderr: NodeJS.ReadableStream;
  /** Exit code of the program itself, 128 + n after signal n. */
  readonly exited: Promise<number>;
  /** When it has ended and nobody holds its output any more, or we have given that up. */
  readonly closed: Promise<void>;
  /** The first reason given to `stop`, when it came before everything was over. */
  readonly stopped: StopReason | undefined;
  /** TERM to the group, a second later KILL; idempotent. */
  stop(reason: StopReason): void;
}

/**
 * Starts a program as the leader of a new session and process group. What cannot be executed directly goes through the shell, which tells
 * (126, 127) or knows better (a script without `#!`).
 *
 * @throws LatchkeyError `ssh/command` when there is no such directory, or the words are too many
 */
export async function startGroup(
  argv: readonly string[],
  where: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<ProcessGroup> {
  let child: ChildProcessWithoutNullStreams;
  try {
    child = await spawned(argv, where);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const isDirectory = await stat(where.cwd).then(
      (status) => status.isDirectory(),
      () => false,
    );
    if (!isDirectory) throw noDirectory({ cwd: where.cwd });
    if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'ENOEXEC')
      throw notStarted(
        `cannot start ${quote(argv[0] ?? '')}: ${(cause as Error).message}`,
        'not-started',
        cause,
      );
    try {
      child = await spawned(['/bin/sh', '-c', 'exec "$@"', 'sh', ...argv], where);
    } catch (again) {
      throw notStarted(`cannot start /bin/sh: ${(again as Error).message}`, 'not-started', again);
    }
  }
  return groupOf(child);
}

/** Keeps what a stream says, and ends the group when that is more than `maxBytes`. */
export function collectOutput(
  group: ProcessGroup,
  stream: NodeJS.ReadableStream,
  maxBytes: number,
): Buffer[] {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else group.stop('too-much-output');
  });
  return chunks;
}

function spawned(
  [program = '', ...args]: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<ChildProcessWithoutNullStreams> {
  return new Promise((resolve, reject) => {
    // Words with a NUL are a TypeError of `spawn`, as they should be.
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    child.once('spawn', () => resolve(child));
    child.once('error', reject);
  });
}

function groupOf(child: ChildProcessWithoutNullStreams): ProcessGroup {
  let stopped: StopReason | undefined;
  let isOver = false;
  let killing: NodeJS.Timeout | undefined;
  // A program that does not read its input closes the pipe: its exit code tells, not EPIPE.
  child.stdin.on('error', () => {});
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      isOver = true;
      clearTimeout(killing);
      // What ignored TERM and holds no output of ours.
      if (stopped !== undefined) signalGroup(child, 'SIGKILL');
      resolve();
    });
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    closed,
    get stopped() {
      return stopped;
    },
    stop: (reason) => {
      if (isOver || stopped !== undefined) return;
      stopped = reason;
      signalGroup(child, 'SIGTERM');
      killing = setTimeout(() => {
        signalGroup(child, 'SIGKILL');
        // What has left the group may hold the other ends of the pipes for as long as it likes: nobody waits for that.
        for (const stream of child.stdio) stream?.destroy();
      }, GRACE_MS);
    },
  };
}

function notStarted(sentence: string, reason: string, cause: unknown): LatchkeyError {
  return new LatchkeyError('ssh/command', sentence, { cause, details: { reason, ran: 'no' } });
}
