// The processes of `npm run bench -- remote` that are Node: our server, our client, and the least that both could be: a bare echo.
import { connect, createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { ThermalModel } from '../../examples/thermo-mechanical/thermal-model.ts';
import {
  connectObject,
  Exposed,
  expose,
  ObjectServer,
  type RemoteObject,
  referenceOf,
  type SerializerName,
} from '../../src/pyro/index.ts';

/** What a client is told to do. `field`: the temperatures of one step of the thermo-mechanical example. */
export type What = 'calls' | 'bulk' | 'at-once' | 'bulk-at-once' | 'field';

export interface Task {
  readonly do: What;
  readonly seconds: number;
  readonly points?: readonly (readonly [number, number])[];
}

export interface Measured {
  readonly count: number;
  readonly seconds: number;
  /** Of single calls, or steps, sorted. */
  readonly timesMs: readonly number[];
  /** Of the client. */
  readonly cpuMs: number;
  /** Of the temperatures of a step: two servers must give the same. */
  readonly sum?: number;
}

const AT_ONCE = 64;
const MEBIBYTE = Buffer.alloc(1 << 20, 0x55);
/** As long as a small call is on the wire. */
const ECHOED = Buffer.alloc(48, 0x55);

/** Our server. Says its port. */
export async function serveObjects(): Promise<void> {
  const echo = new Exposed({
    methods: { echo: ([value]) => value, size: ([data]) => (data as Uint8Array).length },
  });
  const server = await ObjectServer.listen({ address: { host: '127.0.0.1', port: 0 } });
  server.publish(echo, 'echo');
  server.publish(
    expose(new ThermalModel(), { methods: ['initialize', 'solveStep', 'getFieldURI'] }),
    'model',
  );
  console.log('port' in server.address ? server.address.port : 0);
  endWithInput();
}

/** A server that sends back what comes. Says its port. */
export function serveEcho(): void {
  const server = createServer({ noDelay: true }, (socket) => socket.on('data', (data) => socket.write(data)));
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    console.log(address !== null && typeof address === 'object' ? address.port : 0);
  });
  endWithInput();
}

/** Our client: does what it is told, a task a line. */
export async function loadObjects(location: string, serializer?: SerializerName): Promise<void> {
  const object = await connectObject(`PYRO:echo@${location}`, serializer === undefined ? {} : { serializer });
  let field: RemoteObject | undefined;
  await eachTask(async (task) => {
    if (task.do !== 'field') {
      const lanes = task.do === 'at-once' ? AT_ONCE : task.do === 'bulk-at-once' ? 4 : 1;
      const isBulk = task.do.startsWith('bulk');
      return await timed(task.seconds, lanes, () =>
        isBulk ? object.call('size', [MEBIBYTE]) : object.call('echo', [1]),
      );
    }
    field ??= await fieldOf(object);
    const asked = field;
    let sum = 0;
    const measured = await timed(task.seconds, 1, async () => {
      const all = (task.points ?? []).map((point) => asked.call('evaluate', point, { safe: true }));
      sum = (await Promise.all(all)).reduce<number>((total, value) => total + Number(value), 0);
    });
    return { ...measured, sum };
  });
  await object.close();
}

/** A client that sends a few bytes and waits until they come back. */
export async function loadEcho(location: string): Promise<void> {
  const [, path] = /^\.\/u:(.*)$/.exec(location) ?? [];
  const socket =
    path === undefined
      ? connect({ host: '127.0.0.1', port: Number(location.split(':')[1]), noDelay: true })
      : connect(path);
  let heard = (): void => {};
  socket.on('data', () => heard());
  const one = () =>
    new Promise<void>((resolve) => {
      heard = resolve;
      socket.write(ECHOED);
    });
  await eachTask(({ seconds }) => timed(seconds, 1, one));
  socket.destroy();
}

async function fieldOf(object: RemoteObject): Promise<RemoteObject> {
  const model = await object.sibling('model');
  await model.call('initialize', ['inputT.in']);
  await model.call('solveStep', [0]);
  const uri = referenceOf(await model.call('getFieldURI', ['Temperature', 0]))?.uri ?? '';
  return await object.sibling(uri.slice('PYRO:'.length, uri.indexOf('@')));
}

async function eachTask(perform: (task: Task) => Promise<Measured>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin }))
    console.log(JSON.stringify(await perform(JSON.parse(line) as Task)));
}

async function timed(seconds: number, lanes: number, one: () => Promise<unknown>): Promise<Measured> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const end = begun + seconds * 1000;
  const lane = async (): Promise<void> => {
    for (let now = performance.now(); now < end; ) {
      await one();
      const after = performance.now();
      times.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const { user, system } = process.cpuUsage(cpu);
  return {
    count: times.length,
    seconds: (performance.now() - begun) / 1000,
    timesMs: times.sort((a, b) => a - b),
    cpuMs: (user + system) / 1000,
  };
}

function endWithInput(): void {
  process.stdin.resume().once('end', () => process.exit(0));
}
