// `npm run bench -- remote [CASE]`: the object wire. Calls a second one after the other and many at once, the time of one small call, and
// megabytes a second: our client and server, each of them with Pyro4's, and Pyro4's own two, in one run and in turn. Client and
// server are processes of their own. CPU is of both. Each figure is the median of the turns.
// Ways other than a direct connection (tunnels) go into PATHS: where the client finds the server's port.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import {
  connectObject,
  Exposed,
  ObjectServer,
  parseObjectUri,
  type RemoteObject,
  type SerializerName,
} from '../src/pyro/index.ts';
import { repositoryRoot } from '../test/support/workspace.ts';

const TURNS = 5;
const SECONDS = 1;
const AT_ONCE = 64;
const MEBIBYTE = Buffer.alloc(1 << 20, 0x55);
const PYTHON = '/usr/bin/python3';

interface Measured {
  readonly count: number;
  readonly seconds: number;
  /** Of single calls, sorted. */
  readonly timesMs: readonly number[];
  /** Of the client. */
  readonly cpuMs: number;
}

interface Load {
  readonly name: string;
  readonly serverPid: number;
  run(what: What, seconds: number): Promise<Measured>;
  end(): Promise<void>;
}

type What = 'calls' | 'bulk' | 'at-once' | 'bulk-at-once';

/** A way from client to server: the address at which the client finds what listens on `port`. */
interface Path {
  readonly name: string;
  open(port: number): Promise<{ host: string; port: number; close(): Promise<void> }>;
}

const PATHS: readonly Path[] = [
  { name: 'direct', open: async (port) => ({ host: '127.0.0.1', port, close: async () => {} }) },
];

const [mode, ...wanted] = process.argv.slice(2);
if (mode === 'serve') await serve();
else if (mode === 'load') await load(wanted[0] ?? '', (wanted[1] || undefined) as SerializerName | undefined);
else await measure(mode === undefined ? [] : [mode, ...wanted]);

/** The server's process. */
async function serve(): Promise<void> {
  const echo = new Exposed({
    methods: { echo: ([value]) => value, size: ([data]) => (data as Uint8Array).length },
  });
  const server = await ObjectServer.listen({ address: { host: '127.0.0.1', port: 0 } });
  console.log(server.publish(echo, 'echo'));
  process.stdin.resume().once('end', () => process.exit(0));
}

/** Our client's process. */
async function load(uri: string, serializer: SerializerName | undefined): Promise<void> {
  const object = await connectObject(uri, serializer === undefined ? {} : { serializer });
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: what, seconds } = JSON.parse(line) as { do: What; seconds: number };
    console.log(JSON.stringify(await timed(object, what, seconds)));
  }
  await object.close();
}

async function timed(object: RemoteObject, what: What, seconds: number): Promise<Measured> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const end = begun + seconds * 1000;
  const one = async (): Promise<void> => {
    for (let now = performance.now(); now < end; ) {
      if (what.startsWith('bulk')) await object.call('size', [MEBIBYTE]);
      else await object.call('echo', [1]);
      const after = performance.now();
      times.push(after - now);
      now = after;
    }
  };
  const lanes = what === 'at-once' ? AT_ONCE : what === 'bulk-at-once' ? 4 : 1;
  await Promise.all(Array.from({ length: lanes }, one));
  const { user, system } = process.cpuUsage(cpu);
  return {
    count: times.length,
    seconds: (performance.now() - begun) / 1000,
    timesMs: times.sort((a, b) => a - b),
    cpuMs: (user + system) / 1000,
  };
}

async function measure(names: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const children: ChildProcess[] = [];
  try {
    const ours = await ourServer(children);
    const pyro = await pyroServer(children, directory);
    for (const path of PATHS) {
      const reach = async ({ uri, pid }: Served) => {
        const { location } = parseObjectUri(uri);
        const { host, port, close } = await path.open('port' in location ? location.port : 0);
        return { uri: `PYRO:echo@${host}:${port}`, pid, close };
      };
      const [toOurs, toPyro] = [await reach(ours), await reach(pyro)];
      const loads = [
        clientOf(
          'ours-ours',
          [process.execPath, process.argv[1] ?? '', 'load', toOurs.uri],
          toOurs.pid,
          children,
        ),
        clientOf(
          'ours-pyro4',
          [process.execPath, process.argv[1] ?? '', 'load', toPyro.uri, 'serpent'],
          toPyro.pid,
          children,
        ),
        clientOf(
          'pyro4-ours',
          [PYTHON, join(repositoryRoot, 'bench/support/pyro-load.py'), toOurs.uri, 'serpent'],
          toOurs.pid,
          children,
        ),
        clientOf(
          'pyro4-pyro4',
          [PYTHON, join(repositoryRoot, 'bench/support/pyro-load.py'), toPyro.uri, 'serpent'],
          toPyro.pid,
          children,
        ),
        clientOf(
          'pyro4-pyro4-msgpack',
          [PYTHON, join(repositoryRoot, 'bench/support/pyro-load.py'), toPyro.uri, 'msgpack'],
          toPyro.pid,
          children,
        ),
      ];
      for (const what of ['calls', 'at-once', 'bulk', 'bulk-at-once'] as const)
        if (names.length === 0 || names.includes(what)) await compare(path.name, what, loads);
      for (const one of loads) await one.end();
      await toOurs.close();
      await toPyro.close();
    }
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One case for all pairs, in turns. Pyro4's client has one call at a time: it is what many at once are compared with. */
async function compare(path: string, what: What, loads: readonly Load[]): Promise<void> {
  const figures = new Map<string, { rate: number; p50: number; p99: number; cpu: number }[]>();
  for (let turn = -1; turn < TURNS; turn += 1) {
    for (const one of loads) {
      const isPyro = one.name.startsWith('pyro4');
      const doing = isPyro ? (what.startsWith('bulk') ? 'bulk' : 'calls') : what;
      const before = cpuOf(one.serverPid);
      const { count, seconds, timesMs, cpuMs } = await one.run(doing, turn < 0 ? SECONDS / 4 : SECONDS);
      const cpu = (cpuMs + cpuOf(one.serverPid) - before) / count;
      const at = (share: number) => timesMs[Math.floor(timesMs.length * share)] ?? 0;
      if (turn >= 0)
        figures.set(one.name, [
          ...(figures.get(one.name) ?? []),
          { rate: count / seconds, p50: at(0.5), p99: at(0.99), cpu },
        ]);
    }
  }
  const of = (name: string, field: 'rate' | 'p50' | 'p99' | 'cpu') =>
    median((figures.get(name) ?? []).map((figure) => figure[field]));
  const report: Record<string, unknown> = { case: what, path };
  for (const name of figures.keys())
    report[name] = {
      [what.startsWith('bulk') ? 'MiBs' : 'perSecond']: round(of(name, 'rate')),
      p50Ms: round(of(name, 'p50')),
      p99Ms: round(of(name, 'p99')),
      cpuMs: round(of(name, 'cpu')),
    };
  report.ratio = round(of('ours-ours', 'rate') / of('pyro4-pyro4', 'rate'));
  report.cpuRatio = round(of('pyro4-pyro4', 'cpu') / of('ours-ours', 'cpu'));
  console.log(JSON.stringify(report));
}

interface Served {
  readonly uri: string;
  readonly pid: number;
}

function ourServer(children: ChildProcess[]): Promise<Served> {
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'serve'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve) => {
    createInterface({ input: child.stdout }).once('line', (uri) => resolve({ uri, pid: child.pid ?? 0 }));
  });
}

async function pyroServer(children: ChildProcess[], directory: string): Promise<Served> {
  const uriFile = join(directory, 'uri');
  const script = join(repositoryRoot, 'test/support/pyro/daemon.py');
  const child = spawn(PYTHON, [script, '4', uriFile], { stdio: ['ignore', 'inherit', 'inherit'] });
  children.push(child);
  while (!existsSync(uriFile)) {
    if (child.exitCode !== null) throw new Error('Pyro4 did not start: is python3-pyro4 installed?');
    await delay(10);
  }
  return { uri: readFileSync(uriFile, 'utf8'), pid: child.pid ?? 0 };
}

function clientOf(
  name: string,
  [program = '', ...argv]: readonly string[],
  serverPid: number,
  children: ChildProcess[],
): Load {
  const child = spawn(program, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    name,
    serverPid,
    run: async (what, seconds) => {
      child.stdin.write(`${JSON.stringify({ do: what, seconds })}\n`);
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

/** Milliseconds of CPU that a process has used, by clock ticks of 10 ms. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
