import { pipeline } from 'node:stream/promises';
import { LatchkeyError } from '../../kit/index.ts';
import type { RunningProgram } from '../../ssh/index.ts';
import type { Command, Report } from './command.ts';
import { connectTo, openSession } from './machine-session.ts';

/** What `--json` holds of each output. */
const MAX_JSON_BYTES = 4 << 20;

/**
 * `latchkey ssh HOST [-- COMMAND…]`: a command there with this process's streams, or a shell on this terminal. With `--json` its outputs are in the
 * document, the first 4 MiB of each.
 */
export const machineSsh: Command = async (invocation) => {
  const [address = '', ...words] = invocation.given.arguments;
  const session = await openSession(invocation);
  try {
    const connection = await connectTo(invocation, session, address);
    if (words.length > 0) {
      if (invocation.json) return await documented(await connection.start(words));
      const exitCode = await runHere(await connection.start(words));
      return { json: { exitCode }, lines: [], raw: '', exitCode };
    }
    if (invocation.json)
      throw new LatchkeyError('cli/usage', 'a shell has no --json', {
        hint: 'say what to run: latchkey ssh HOST --json -- COMMAND',
      });
    if (process.stdin.isTTY !== true || connection.attachTerminal === undefined)
      throw new LatchkeyError('cli/no-terminal', 'there is no terminal for a shell', {
        hint: 'say what to run: latchkey ssh HOST -- COMMAND',
      });
    const exitCode = await connection.attachTerminal();
    return { json: { exitCode }, lines: [], raw: '', exitCode };
  } finally {
    await session.close();
  }
};

async function runHere(program: RunningProgram): Promise<number> {
  const [exitCode] = await ended(program, [
    pipeline(program.stdout, process.stdout, { end: false }),
    pipeline(program.stderr, process.stderr, { end: false }),
  ]);
  return exitCode;
}

/** What is more than fits is read and left out, so that the command goes on. */
async function documented(program: RunningProgram): Promise<Report> {
  const [exitCode, stdout, stderr] = await ended(program, [kept(program.stdout), kept(program.stderr)]);
  const isTruncated = stdout.isTruncated || stderr.isTruncated;
  return {
    json: { exitCode, stdout: stdout.text, stderr: stderr.text, isTruncated },
    lines: [],
    exitCode,
  };
}

async function kept(stream: NodeJS.ReadableStream): Promise<{ text: string; isTruncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (size < MAX_JSON_BYTES) chunks.push(chunk.subarray(0, MAX_JSON_BYTES - size));
    size += chunk.length;
  }
  return { text: Buffer.concat(chunks).toString('utf8'), isTruncated: size > MAX_JSON_BYTES };
}

/** Exit code and what came of the outputs, once all of them have ended. */
async function ended<T extends readonly Promise<unknown>[]>(
  program: RunningProgram,
  outputs: readonly [...T],
): Promise<[number, ...{ [I in keyof T]: Awaited<T[I]> }]> {
  const stop = (): void => program.stop();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  // Input that nobody reads to its end holds nothing up.
  if (process.stdin.isTTY !== true) pipeline(process.stdin, program.stdin).catch(() => {});
  else program.stdin.end();
  const output = Promise.all(outputs);
  try {
    const exitCode = await program.ended;
    return [exitCode, ...((await output) as { [I in keyof T]: Awaited<T[I]> })];
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    process.stdin.destroy();
  }
}
