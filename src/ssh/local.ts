import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { LatchkeyError } from '../kit/index.ts';
import { commandStopped, DEFAULT_MAX_OUTPUT_BYTES, DEFAULT_TIMEOUT_MS } from './command-error.ts';
import { openLocalFiles } from './local-files.ts';
import { collectOutput, type ProcessGroup, startGroup } from './local-process.ts';
import type { CommandOptions, CommandResult, RunningProgram, Transport } from './transport.ts';

/** How this machine is used. */
export interface LocalOptions {
  /** Where commands start and relative paths begin; default: the user's home directory, `/` when there is none. */
  readonly home?: string | undefined;
  /** What every command finds in its environment; default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * This machine as a {@link Transport}. Every program gets a session and process group of its own, and what ends it (time-out, abort,
 * too much output, `stop`, `close`) ends the whole group: TERM, a second later KILL. A program that does not exist ends with
 * 127 and one that may not be run with 126, as in a shell. `start` has no time limit unless one is given.
 *
 * What a command does to itself is `ssh/command` (`details.reason`: `timed-out`, `cancelled`, `too-much-output`,
 * `no-directory`, `not-started`).
 */
export function openLocal(options: LocalOptions = {}): Transport {
  const home = resolve(options.home ?? loginDirectory());
  const environment = options.env ?? process.env;
  const groups = new Set<ProcessGroup>();
  let isClosed = false;

  const begin = async (argv: readonly string[], command: CommandOptions): Promise<ProcessGroup> => {
    if (argv.length === 0) throw new TypeError('no program is named');
    if (isClosed) throw new LatchkeyError('ssh/lost', 'this transport is closed', { details: { ran: 'no' } });
    if (command.signal?.aborted) throw commandStopped('cancelled', command, 'no');
    const cwd = resolve(home, command.cwd ?? '.');
    const group = await startGroup(argv, { cwd, env: { ...environment, ...command.env } });
    groups.add(group);
    void group.closed.then(() => groups.delete(group));
    if (isClosed) group.stop('cancelled');
    return group;
  };

  const run = async (argv: readonly string[], command: CommandOptions = {}): Promise<CommandResult> => {
    const group = await begin(argv, command);
    const forget = limit(group, { timeoutMs: DEFAULT_TIMEOUT_MS, ...command });
    const maxBytes = command.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
    const stdout = collectOutput(group, group.stdout, maxBytes);
    const stderr = collectOutput(group, group.stderr, maxBytes);
    group.stdin.end(command.input ?? '');
    await group.closed;
    forget();
    if (group.stopped !== undefined) throw commandStopped(group.stopped, command);
    return { exitCode: await group.exited, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
  };

  return {
    description: 'local',
    files: openLocalFiles(home),
    run,
    script: (text, args, command) => run(['/bin/sh', '-c', text, 'sh', ...args], command),
    start: async (argv, command = {}): Promise<RunningProgram> => {
      const group = await begin(argv, command);
      const forget = limit(group, command);
      if (command.input !== undefined) group.stdin.end(command.input);
      const ended = group.exited.then((exitCode) => {
        forget();
        const why = group.stopped;
        if (why === undefined || why === 'stopped') return exitCode;
        throw commandStopped(why, command);
      });
      // Whoever only follows the output need not ask for the end.
      ended.catch(() => {});
      const { stdin, stdout, stderr } = group;
      return { stdin, stdout, stderr, ended, stop: () => group.stop('stopped') };
    },
    close: async () => {
      isClosed = true;
      const open = [...groups];
      for (const group of open) group.stop('cancelled');
      await Promise.all(open.map((group) => group.closed));
    },
  };
}

/** Ends a group when its time is over or its signal comes; the function it gives takes both back. */
function limit(group: ProcessGroup, { timeoutMs, signal }: CommandOptions): () => void {
  const onAbort = () => group.stop('cancelled');
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => group.stop('timed-out'), Math.min(timeoutMs, MAX_DELAY));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
}

/** Node's timers know no longer time; a longer one would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

function loginDirectory(): string {
  const home = homedir();
  return statSync(home, { throwIfNoEntry: false })?.isDirectory() ? home : '/';
}
