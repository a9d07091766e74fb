import type { LatchkeyError } from '../kit/index.ts';
import { type SessionHost, startSession } from './session.ts';
import type { CommandText } from './shell/frame.ts';
import { cancelled, commandError } from './shell/lane.ts';
import type { CommandOptions, CommandResult } from './transport.ts';

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_OUTPUT_BYTES = 16 << 20;

/** Runs a command in a session of its own: for input that is too long for a kept shell. */
export async function runInSession(
  host: SessionHost,
  command: CommandText,
  options: CommandOptions,
): Promise<CommandResult> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES, signal } = options;
  if (signal?.aborted) throw cancelled(signal, 'no');
  const program = await startSession(host, command, { ...options, signal: undefined });
  let ending: LatchkeyError | undefined;
  const stop = (why: LatchkeyError) => {
    ending ??= why;
    program.stop();
  };
  const collect = (stream: NodeJS.ReadableStream) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxOutputBytes) chunks.push(chunk);
      else stop(commandError('too-much-output', 'the command wrote more than it may'));
    });
    return chunks;
  };
  const [stdout, stderr] = [collect(program.stdout), collect(program.stderr)];
  const timer = setTimeout(() => {
    stop(commandError('timed-out', `the command did not end within ${timeoutMs / 1000} s`));
  }, timeoutMs);
  const onAbort = () => stop(cancelled(signal, 'unknown'));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    program.stdin.end(options.input ?? '');
    const exitCode = await program.ended;
    if (ending !== undefined) throw ending;
    return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
  } catch (error) {
    throw ending ?? error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
