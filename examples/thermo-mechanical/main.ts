// The example as a program on the steering host: starts the model servers on their hosts, couples the two models, writes plots and numbers.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Secret } from 'latchkey/kit';
import { parseObjectUri } from 'latchkey/pyro';
import { HERE, Links, RegistryClient, reportLinks } from 'latchkey/remote';
import { parseTarget, Session } from 'latchkey/session';
import { type Coupled, type CoupledServer, couple, type Passing } from './coupling.ts';
import { interpolate, vertexAt } from './grid.ts';
import { drawField } from './plot.ts';
import { type ModelServerPlan, type Service, startModelServer, startRegistry } from './services.ts';

const THERMAL = 'Mupif.JobManager@ThermalSolverDemo';
/** The steering host as each of the others sees it; see hosts.sh. */
const STEERING = { thermal: '10.77.1.1', mechanical: '10.77.2.1' };
const MECHANICAL = 'Mupif.JobManager@MechanicalSolverDemo';

const { values: given } = parseArgs({
  options: {
    passing: { type: 'string', default: 'reference' },
    steps: { type: 'string', default: '1' },
    /** Where the inputs are, and the Python model. */
    example: { type: 'string', default: '.' },
    /** Directory of the compiled models. */
    models: { type: 'string', default: '.' },
    latchkey: { type: 'string', default: 'latchkey' },
    /** For sockets, keys and jobs; short, private, and removed by whoever made it. */
    lab: { type: 'string', default: '.' },
    out: { type: 'string', default: 'thermo-mechanical' },
    python: { type: 'boolean', default: false },
  },
});

const environment = process.env;
const isAlone = environment.LATCHKEY_SSH_CONFIG === undefined;
const on = (host: string) =>
  (environment[`ON_${host.toUpperCase()}`] ?? '').split(' ').filter((word) => word !== '');
const say = (line: string) => process.stderr.write(`  ${line}\n`);

try {
  process.stdout.write(`${JSON.stringify(numbersOf(await steer()), undefined, 2)}\n`);
} catch (error) {
  // One clear line: what failed, and what to do about it.
  const { message, hint } = firstOf(error);
  process.stderr.write(`thermo-mechanical: ${message}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`);
  process.exitCode = 1;
}

/** Giving back may fail, too, because of what failed first: that is what counts. */
function firstOf(error: unknown): { readonly message: string; readonly hint?: string } {
  let first = error as { message: string; hint?: string; suppressed?: unknown };
  while (first.suppressed !== undefined) first = first.suppressed as typeof first;
  return first;
}

async function steer(): Promise<Coupled> {
  await using session = new Session(
    isAlone
      ? false
      : {
          defaults: false,
          configFile: environment.LATCHKEY_SSH_CONFIG ?? '',
          hostKeys: { policy: 'strict', knownHostsFiles: [environment.LATCHKEY_KNOWN_HOSTS ?? ''] },
        },
  );
  await using links = new Links({ connect: (machine) => session.connect(parseTarget(machine)) });
  const stopReport = await reportLinks(links, { name: 'thermo-mechanical' });
  const registry = await startRegistry(
    given.latchkey,
    isAlone ? ['--socket', join(given.lab, 'ns')] : ['--host', '0.0.0.0', '--port', '9090'],
  );
  say(`registry: ${registry.address}`);
  const servers = await startServers(registry.address);
  try {
    const [thermal, mechanical] = await Promise.all(
      servers.map(async ({ name, machine, directory, input }) => {
        return { name, machine, input, key: await keyOf(session, machine, join(directory, 'key')) };
      }),
    );
    await using names = await RegistryClient.connect(parseObjectUri(`PYRO:x@${registry.address}`).location);
    const coupled = await couple({
      ...{ links, say, registry: names, passing: given.passing as Passing, steps: Number(given.steps) },
      ...{ thermal: thermal as CoupledServer, mechanical: mechanical as CoupledServer },
    });
    await writePlots(coupled, given.out);
    return coupled;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await registry.stop();
    await stopReport();
  }
}

interface HostedServer extends Service {
  readonly name: string;
  readonly machine: string;
  readonly directory: string;
  readonly input: string;
}

async function startServers(registry: string): Promise<HostedServer[]> {
  const start = async (
    name: string,
    host: 'thermal' | 'mechanical',
    input: string,
    model: ModelServerPlan['model'],
  ): Promise<HostedServer> => {
    // Sockets have short names.
    const directory = join(given.lab, host.slice(0, 1));
    const seen = isAlone ? registry : `${STEERING[host]}:9090`;
    const plan = { name, on: on(host), directory, registry: seen, model };
    const server = await startModelServer(given.latchkey, plan);
    const machine = isAlone ? HERE : host;
    say(`${name} on ${machine}: ${server.address}`);
    return { ...server, name, machine, directory, input: join(given.example, input) };
  };
  const module = (name: string, exported: string) => ({
    class: `${join(given.models, `${name}.mjs`)}#${exported}`,
  });
  const python = { command: ['/usr/bin/python3', join(given.example, 'thermal_pyro4.py')] };
  return await Promise.all([
    start(THERMAL, 'thermal', 'inputT.in', given.python ? python : module('thermal-model', 'ThermalModel')),
    start(MECHANICAL, 'mechanical', 'inputM.in', module('mechanical-model', 'MechanicalModel')),
  ]);
}

/** Who may log in to the server's account may read its key: nothing else has to be handed out. */
async function keyOf(session: Session, machine: string, file: string): Promise<Secret> {
  if (machine === HERE) return new Secret((await readFile(file, 'utf8')).trim());
  const connection = await session.connect(parseTarget(machine));
  return new Secret((await connection.run(['cat', file])).stdout.toString().trim());
}

function numbersOf({ temperature, displacement }: Coupled) {
  const temperatures = temperature.values as readonly number[];
  const { grid } = displacement;
  return {
    temperature: {
      most: Math.max(...temperatures),
      mean: temperatures.reduce((sum, value) => sum + value) / temperatures.length,
      inside: interpolate(temperature.grid, temperatures, 2.5, 0.4),
    },
    displacement: {
      bottomLeft: displacement.values[vertexAt(grid, 0, 0)],
      middleLeft: displacement.values[vertexAt(grid, 0, grid.cellsY / 2)],
      topLeft: displacement.values[vertexAt(grid, 0, grid.cellsY)],
    },
  };
}

async function writePlots({ temperature, displacement }: Coupled, out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  const vectors = displacement.values as readonly (readonly [number, number, number])[];
  const warm = { title: 'Temperature', unit: '°C', values: temperature.values as readonly number[] };
  const moved = {
    ...{ title: 'Displacement, drawn 400 times as large', unit: 'mm' },
    values: vectors.map(([x, y]) => 1000 * Math.hypot(x, y)),
    ...{ displacements: vectors, exaggerated: 400 },
  };
  await writeFile(join(out, 'temperature.svg'), drawField({ ...warm, grid: temperature.grid }));
  await writeFile(join(out, 'displacement.svg'), drawField({ ...moved, grid: displacement.grid }));
  say(`${join(out, 'temperature.svg')} and ${join(out, 'displacement.svg')}`);
}
