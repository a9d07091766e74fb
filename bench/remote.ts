// `npm run bench -- remote [CASE or PATH…]`: the object wire. Calls a second one after the other and many at once, the time of one small call,
// megabytes a second, and the 640 questions of one step of the thermo-mechanical example: our client and server, each of them with
// Pyro4's, and Pyro4's own two, in one run and in turn; direct, through one tunnel and through two. Beside them what a bare echo takes in
// Node and in Python, which no call can be below. Client and server are processes of their own; CPU is of both, without ssh. Each figure
// is the median of the turns; `best` is the fastest of them, the one that other work on the machine disturbed least. `allocations`: fifty jobs of a model server at once.
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseMechanicalInput } from '../examples/thermo-mechanical/input-file.ts';
import { temperaturePoints } from '../examples/thermo-mechanical/plane-stress.ts';
import type { SerializerName } from '../src/pyro/index.ts';
import { repositoryRoot, workspace } from '../test/support/workspace.ts';
import {
  loadEcho,
  loadObjects,
  serveEcho,
  serveObjects,
  type Task,
  type What,
} from './support/object-load.ts';
import { objectPaths, type Path } from './support/object-paths.ts';
import {
  type Client,
  PAIRS,
  type Pair,
  type Server,
  startClient,
  startServers,
} from './support/object-peers.ts';
import { median, round } from './support/turns.ts';
import { wireAllocations } from './support/wire-allocations.ts';

const TURNS = 9;
const SECONDS = 0.25;
const WARM_UP_SECONDS = 0.5;
const JOBS = 50;
const CASES: Readonly<Record<Path['name'], readonly What[]>> = {
  direct: ['calls', 'at-once', 'bulk', 'bulk-at-once', 'field'],
  tunnel: ['calls', 'at-once', 'bulk', 'field'],
  relay: ['calls', 'at-once', 'bulk', 'field'],
};

const [mode, first = '', second] = process.argv.slice(2);
if (mode === 'serve') await serveObjects();
else if (mode === 'load') await loadObjects(first, second as SerializerName | undefined);
else if (mode === 'serve-echo') serveEcho();
else if (mode === 'load-echo') await loadEcho(first);
else await measure(process.argv.slice(2));

async function measure(wanted: readonly string[]): Promise<void> {
  const ends: (() => unknown)[] = [];
  const scope = { after: (end: () => unknown) => void ends.unshift(end) };
  const children: ChildProcess[] = [];
  ends.push(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const paths = wanted.filter((word) => Object.hasOwn(CASES, word));
  const cases = wanted.filter((word) => !Object.hasOwn(CASES, word));
  const isWanted = (name: string): boolean => cases.length === 0 || cases.includes(name);
  try {
    if (isWanted('allocations') && paths.length === 0)
      report({ case: 'allocations', ...(await wireAllocations(scope, JOBS)) });
    const servers = await startServers(children, workspace(scope));
    for (const path of await objectPaths(scope)) {
      if (paths.length > 0 && !paths.includes(path.name)) continue;
      const chosen = CASES[path.name].filter(isWanted);
      const sides = await sidesOf(path, chosen, servers, children);
      for (const what of chosen) await compare(path, what, sides);
      for (const { client } of sides) await client.end();
    }
  } finally {
    for (const end of ends) await end();
  }
}

interface Side {
  readonly pair: Pair;
  readonly client: Client;
  readonly serverPid: number;
}

async function sidesOf(
  path: Path,
  cases: readonly What[],
  servers: Readonly<Record<Pair['server'], Server>>,
  children: ChildProcess[],
): Promise<readonly Side[]> {
  const sides: Side[] = [];
  for (const pair of PAIRS) {
    if (!cases.some((what) => pair.does[what] !== undefined)) continue;
    const { port, pid } = servers[pair.server];
    const client = startClient(pair, await path.reach(port), children);
    sides.push({ pair, client, serverPid: pid });
  }
  return sides;
}

interface Figure {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

/** One case for all pairs, in turns. */
async function compare(path: Path, what: What, sides: readonly Side[]): Promise<void> {
  const figures = new Map<string, Figure[]>();
  const sums = new Set<string>();
  const points = what === 'field' ? examplePoints() : undefined;
  for (let turn = -1; turn < TURNS; turn += 1) {
    for (const { pair, client, serverPid } of sides) {
      const doing = pair.does[what];
      if (doing === undefined) continue;
      const task: Task = {
        do: doing,
        seconds: turn < 0 ? WARM_UP_SECONDS : SECONDS,
        ...(points && { points }),
      };
      const before = cpuOf(serverPid);
      const { count, seconds, timesMs, cpuMs, sum } = await client.run(task);
      const cpu = (cpuMs + cpuOf(serverPid) - before) / count;
      const at = (share: number) => timesMs[Math.floor(timesMs.length * share)] ?? 0;
      if (sum !== undefined) sums.add(sum.toFixed(6));
      if (turn < 0) figures.set(pair.name, []);
      else figures.get(pair.name)?.push({ rate: count / seconds, p50: at(0.5), p99: at(0.99), cpu });
    }
  }
  if (sums.size > 1) throw new Error(`the servers do not agree on the temperatures: ${[...sums].join(', ')}`);
  const of = (name: string, field: keyof Figure) =>
    median((figures.get(name) ?? []).map((figure) => figure[field]));
  const unit = what.startsWith('bulk') ? 'MiBs' : what === 'field' ? 'stepsPerSecond' : 'perSecond';
  const best = (name: string) => Math.max(...(figures.get(name) ?? []).map(({ rate }) => rate));
  const rows = [...figures.keys()].map((name) => [
    name,
    {
      [unit]: of(name, 'rate'),
      best: best(name),
      p50Ms: of(name, 'p50'),
      p99Ms: of(name, 'p99'),
      cpuMs: of(name, 'cpu'),
    },
  ]);
  const theirs = what === 'field' ? 'pyro4-pyro4-field' : 'pyro4-pyro4';
  report({
    case: what,
    path: path.name,
    load: loadavg()[0],
    ...Object.fromEntries(rows),
    ratio: of('ours-ours', 'rate') / of(theirs, 'rate'),
    bestRatio: best('ours-ours') / best(theirs),
    p50Ratio: of(theirs, 'p50') / of('ours-ours', 'p50'),
    cpuRatio: of(theirs, 'cpu') / of('ours-ours', 'cpu'),
  });
}

/** Where the mechanical model of the example wants to know the temperature. */
function examplePoints(): (readonly [number, number])[] {
  const input = readFileSync(join(repositoryRoot, 'examples/thermo-mechanical/inputM.in'), 'utf8');
  return temperaturePoints(parseMechanicalInput(input)).map(({ x, y }) => [x, y] as const);
}

/** Milliseconds of CPU that a process has used, by clock ticks of 10 ms. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function report(figures: Readonly<Record<string, unknown>>): void {
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? round(value) : value);
  console.log(JSON.stringify(figures, rounded));
}
