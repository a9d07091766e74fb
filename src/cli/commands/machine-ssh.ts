import { pipeline } from 'node:stream/promises';
import { LatchkeyError } from '../../kit/index.ts';
import type { RunningProgram } from '../../ssh/index.ts';
import type { Command } from './command.ts';
import { connectTo, openSession } from './machine-session.ts';

/** `latchkey ssh HOST [-- COMMAND…]`: a command there with this process's streams, or a shell on this terminal. */
export const machineSsh: Command = async (invocation) => {
  const [address = '', ...words] = invocation.given.arguments;
  const session = await openSession(invocation);
  try {
    const connection = await connectTo(invocation, session, address);
    if (words.length > 0) {
      const exitCode = await runHere(await connection.start(words));
      return { json: { exitCode }, lines: [], raw: '', exitCode };
    }
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
  const stop = (): void => program.stop();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  // Input that nobody reads to its end holds nothing up.
  if (process.stdin.isTTY !== true) pipeline(process.stdin, program.stdin).catch(() => {});
  else program.stdin.end();
  const output = Promise.all([
    pipeline(program.stdout, process.stdout, { end: false }),
    pipeline(program.stderr, process.stderr, { end: false }),
  ]);
  try {
    const exitCode = await program.ended;
    await output;
    return exitCode;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    process.stdin.destroy();
  }
}
