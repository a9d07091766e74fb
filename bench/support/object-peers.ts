// The programs that `npm run bench -- remote` measures: who serves, and who calls whom. Each is a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { repositoryRoot } from '../../test/support/workspace.ts';
import type { Measured, Task, What } from './object-load.ts';

export interface Server {
  readonly pid: number;
  readonly port: number;
}

export interface Client {
  run(task: Task): Promise<Measured>;
  end(): Promise<void>;
}

/** A client with a server: `words` start the client, behind which comes where the server is found. */
export interface Pair {
  readonly name: string;
  readonly server: ServerName;
  readonly words: readonly string[];
  readonly more: readonly string[];
  /** What it takes part in, and as what: Pyro4's client has one call at a time. */
  readonly does: Readonly<Partial<Record<What, What>>>;
}

export type ServerName = 'ours' | 'pyro4' | 'thermal' | 'node echo' | 'python echo';

const PYTHON = '/usr/bin/python3';
const EXAMPLE = join(repositoryRoot, 'examples/thermo-mechanical');
const OURS = [process.execPath, process.argv[1] ?? ''];
const PYRO_LOAD = [PYTHON, join(repositoryRoot, 'bench/support/pyro-load.py')];
const BARE_ECHO = [PYTHON, join(repositoryRoot, 'bench/support/bare-echo.py')];

const SMALL = { calls: 'calls' } as const;
const ALL = { ...SMALL, 'at-once': 'at-once', bulk: 'bulk', 'bulk-at-once': 'bulk-at-once' } as const;
const ONE_BY_ONE = { ...SMALL, 'at-once': 'calls', bulk: 'bulk', 'bulk-at-once': 'bulk' } as const;

export const PAIRS: readonly Pair[] = [
  { name: 'ours-ours', server: 'ours', words: [...OURS, 'load'], more: [], does: { ...ALL, field: 'field' } },
  { name: 'ours-pyro4', server: 'pyro4', words: [...OURS, 'load'], more: ['serpent'], does: ALL },
  { name: 'pyro4-ours', server: 'ours', words: PYRO_LOAD, more: ['serpent', 'echo'], does: ONE_BY_ONE },
  { name: 'pyro4-pyro4', server: 'pyro4', words: PYRO_LOAD, more: ['serpent', 'echo'], does: ONE_BY_ONE },
  {
    name: 'pyro4-pyro4-msgpack',
    server: 'pyro4',
    words: PYRO_LOAD,
    more: ['msgpack', 'echo'],
    does: ONE_BY_ONE,
  },
  {
    name: 'pyro4-pyro4-field',
    server: 'thermal',
    words: PYRO_LOAD,
    more: ['serpent', 'model'],
    does: { field: 'field' },
  },
  { name: 'node-echo', server: 'node echo', words: [...OURS, 'load-echo'], more: [], does: SMALL },
  { name: 'python-echo', server: 'python echo', words: [...BARE_ECHO, 'load'], more: [], does: SMALL },
];

/** Starts all servers. */
export async function startServers(
  children: ChildProcess[],
  directory: string,
): Promise<Record<ServerName, Server>> {
  const uriFile = join(directory, 'uri');
  const daemon = [PYTHON, join(repositoryRoot, 'test/support/pyro/daemon.py'), '4', uriFile];
  const pyro = started(daemon, children);
  return {
    ours: await speaking([...OURS, 'serve'], children),
    pyro4: { pid: pyro.pid ?? 0, port: await portIn(uriFile, pyro) },
    thermal: await speaking([PYTHON, '-u', join(EXAMPLE, 'thermal_pyro4.py'), '0'], children),
    'node echo': await speaking([...OURS, 'serve-echo'], children),
    'python echo': await speaking([...BARE_ECHO, 'serve'], children),
  };
}

/** Starts the client of a pair, which connects to `location`. */
export function startClient({ name, words, more }: Pair, location: string, children: ChildProcess[]): Client {
  const child = started([...words, location, ...more], children);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    run: async (task) => {
      child.stdin.write(`${JSON.stringify(task)}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the client ${name} ended`);
      return JSON.parse(value) as Measured;
    },
    end: async () => {
      child.stdin.end();
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}

/** Models read their input from the directory that they were started in. */
function started([program = '', ...argv]: readonly string[], children: ChildProcess[]) {
  const child = spawn(program, argv, { stdio: ['pipe', 'pipe', 'inherit'], cwd: EXAMPLE });
  children.push(child);
  return child;
}

/** A server whose first line ends with its port. */
async function speaking(words: readonly string[], children: ChildProcess[]): Promise<Server> {
  const child = started(words, children);
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', () => reject(new Error(`${words.join(' ')} did not start`)));
  });
  return { pid: child.pid ?? 0, port: Number(/(\d+)$/.exec(line)?.[1]) };
}

async function portIn(uriFile: string, child: ChildProcess): Promise<number> {
  while (!existsSync(uriFile)) {
    if (child.exitCode !== null) throw new Error('Pyro4 did not start: is python3-pyro4 installed?');
    await delay(10);
  }
  return Number(/(\d+)$/.exec(readFileSync(uriFile, 'utf8'))?.[1]);
}
