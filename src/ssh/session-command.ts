import { commandStopped, DEFAULT_MAX_OUTPUT_BYTES, DEFAULT_TIMEOUT_MS } from './command-error.ts';
import { type SessionHost, startSession } from './session.ts';
import type { CommandText } from './shell/frame.ts';
import type { CommandOptions, CommandResult } from './transport.ts';

/** Runs a command in a session of its own: for input that is too long for a kept shell. */
export async function runInSession(
  host: SessionHost,
  command: CommandText,
  options: CommandOptions,
): Promise<CommandResult> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES } = options;
  if (options.signal?.aborted) throw commandStopped('cancelled', options, 'no');
  const program = await startSession(host, command, { ...options, timeoutMs });
  const collect = (stream: NodeJS.ReadableStream) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxOutputBytes) chunks.push(chunk);
      else program.stopFor('too-much-output');
    });
    return chunks;
  };
  const [stdout, stderr] = [collect(program.stdout), collect(program.stderr)];
  program.stdin.end(options.input ?? '');
  const exitCode = await program.ended;
  return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}
