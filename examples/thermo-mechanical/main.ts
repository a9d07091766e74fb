// The example as a program on the steering host: starts the model servers on their hosts, couples the two models, writes plots and numbers.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Secret } from 'latchkey/kit';
import { HERE, Links, reportLinks } from 'latchkey/remote';
import { parseTarget, Session } from 'latchkey/session';
import { type Coupled, couple, type Passing } from './coupling.ts';
import { interpolate, vertexAt } from './grid.ts';
import { startModelServer } from './model-servers.ts';
import { drawField } from './plot.ts';

const THERMAL = 'Mupif.JobManager@ThermalSolverDemo';
const MECHANICAL = 'Mupif.JobManager@MechanicalSolverDemo';

const { values: given } = parseArgs({
  options: {
    passing: { type: 'string', default: 'reference' },
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

const servers = await Promise.all(
  [
    {
      name: THERMAL,
      host: 'thermal',
      model: given.python
        ? { command: ['/usr/bin/python3', join(given.example, 'thermal_pyro4.py')] }
        : { class: `${join(given.models, 'thermal-model.mjs')}#ThermalModel` },
    },
    {
      name: MECHANICAL,
      host: 'mechanical',
      model: { class: `${join(given.models, 'mechanical-model.mjs')}#MechanicalModel` },
    },
  ].map(async ({ name, host, model }) => {
    const directory = join(given.lab, host === 'thermal' ? 't' : 'm');
    const server = await startModelServer({ name, on: on(host), directory, model }, given.latchkey);
    const machine = isAlone ? HERE : host;
    say(`${name} on ${machine}: ${server.uri}`);
    return { ...server, name, machine, directory };
  }),
);

/** Who may log in to the server's account may read its key: nothing else has to be handed out. */
const keyOf = async ({ machine, directory }: (typeof servers)[number]): Promise<Secret> => {
  const shown =
    machine === HERE
      ? undefined
      : await (await session.connect(parseTarget(machine))).run(['cat', join(directory, 'key')]);
  return new Secret(
    (shown === undefined ? await readFile(join(directory, 'key'), 'utf8') : shown.stdout.toString()).trim(),
  );
};

try {
  const [thermal, mechanical] = servers as [(typeof servers)[number], (typeof servers)[number]];
  const coupled = await couple({
    ...{ links, say, passing: given.passing as Passing },
    registry: {
      lookup: async (name) => {
        const found = servers.find((server) => server.name === name);
        if (found === undefined) throw new Error(`nobody is registered as ${name}`);
        return { uri: found.uri, tags: [`host:${found.machine}`] };
      },
    },
    thermal: {
      name: THERMAL,
      key: await keyOf(thermal),
      input: join(given.example, 'inputT.in'),
    },
    mechanical: {
      name: MECHANICAL,
      key: await keyOf(mechanical),
      input: join(given.example, 'inputM.in'),
    },
  });
  await writePlots(coupled, given.out);
  process.stdout.write(`${JSON.stringify(numbersOf(coupled), undefined, 2)}\n`);
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  await stopReport();
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
