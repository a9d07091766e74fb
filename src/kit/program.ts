import { spawn } from 'node:child_process';
import { LatchkeyError } from './errors.ts';

/** How {@link runProgram} runs a program. */
export interface RunOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds until the program is killed; default 30 000. */
  readonly timeoutMs?: number;
  /** Bytes of each output kept; a program that writes more is killed. Default 1 MiB. */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

/** The outcome of a program that ran to its end. */
export interface RunResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * Runs a program without a shell, reading its output while it runs (so that a talkative one cannot deadlock).
 *
 * @throws LatchkeyError `program/failed` when it cannot be started, is killed or says too much; `program/timed-out`
 */
export function runProgram(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { timeoutMs = 30_000, maxOutputBytes = 1 << 20 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stopped: LatchkeyError | undefined;
    const stop = (error: LatchkeyError) => {
      stopped ??= error;
      child.kill('SIGKILL');
      // What it has started may hold the other ends of the pipes for as long as it likes: nobody waits for that.
      for (const stream of child.stdio) stream?.destroy();
    };
    const onAbort = () => stop(new LatchkeyError('program/failed', `"${command}" was cancelled`));
    if (options.signal?.aborted) onAbort();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => {
      stop(new LatchkeyError('program/timed-out', `"${command}" did not end within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const collect = (stream: NodeJS.ReadableStream) => {
      const chunks: Buffer[] = [];
      let size = 0;
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxOutputBytes) {
          stop(new LatchkeyError('program/failed', `"${command}" wrote more than ${maxOutputBytes} bytes`));
        } else chunks.push(chunk);
      });
      return chunks;
    };
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      act();
    };
    child.once('error', (cause) => {
      settle(() =>
        reject(new LatchkeyError('program/failed', `cannot run "${command}": ${cause.message}`, { cause })),
      );
    });
    child.once('close', (code, signal) => {
      settle(() => {
        if (stopped) reject(stopped);
        else if (code === null)
          reject(new LatchkeyError('program/failed', `"${command}" was ended by ${signal}`));
        else resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
      });
    });
    // A program that does not read its input closes the pipe: its exit code tells, not EPIPE.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
  });
}
