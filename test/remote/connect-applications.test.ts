// Two applications behind two sshds, linked through this machine, called by copy and by reference.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { Exposed, expose, ObjectServer, type PyroValue } from '../../src/pyro/index.ts';
import {
  connectApplications,
  connectLinked,
  LINK_KEYS_OBJECT,
  LinkKeys,
  Links,
  type Protection,
  RemoteModel,
} from '../../src/remote/index.ts';
import { openSsh, type SshConnection } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { startSshd } from '../support/sshd.ts';
import { endsWith } from '../support/workspace.ts';

interface Thermal {
  field(): PyroValue;
  size(): number;
}
interface Mechanical {
  solve(field: unknown): number;
}

async function ground(t: TestContext) {
  const sshd = await startSshd(t);
  const ports: Record<string, number> = { thermal: sshd.target.port, mechanical: (await sshd.jump()).port };
  const open = new Map<string, Promise<SshConnection>>();
  const links = new Links({
    connect: (machine) => {
      const known = open.get(machine);
      if (known !== undefined) return known;
      const options = sshOptions(sshd);
      const made = openSsh({ ...options, target: { ...options.target, port: ports[machine] ?? 0 } });
      open.set(machine, made);
      return made;
    },
  });
  const servers: { close(): Promise<void> }[] = [];
  endsWith(t, sshd.directory, async () => {
    await links.close();
    for (const server of servers) await server.close();
    for (const connection of open.values()) await (await connection).close();
  });
  const ended: string[] = [];
  const listening = new Map<string, ObjectServer>();

  /** A model as a model server would hand it over. */
  const model = async <T extends object>(
    machine: string,
    exposed: (keys: LinkKeys, server: () => ObjectServer) => Exposed,
    protection: Protection = 'token',
  ): Promise<RemoteModel<T>> => {
    const key = new Secret(`key of ${machine}`);
    const proof = protection === 'hmac' ? { hmacKey: key } : { token: key };
    const server = await ObjectServer.listen({ address: { path: join(sshd.directory, machine) }, ...proof });
    const keys = new LinkKeys();
    servers.push(server, keys);
    listening.set(machine, server);
    const uri = server.publish(
      exposed(keys, () => server),
      'model',
    );
    server.publish(keys.exposed, LINK_KEYS_OBJECT);
    const linked = await connectLinked(links, uri, { machine, ...proof });
    return new RemoteModel<T>({
      ...{ job: { id: `1@${machine}`, uri, key, protection }, machine, linked },
      terminateJob: async () => ended.push(machine),
      releaseServer: async () => {},
    });
  };
  const thermal = (protection?: Protection) =>
    model<Thermal>(
      'thermal',
      () => {
        const field = { at: (x: number, y: number) => 10 * x + y };
        return new Exposed({
          methods: { field: () => expose(field, { methods: ['at'] }), size: () => 5 },
        });
      },
      protection,
    );
  const mechanical = () =>
    model<Mechanical>('mechanical', (keys) => {
      const solve = async ([field]: readonly PyroValue[]) => {
        const remote = await keys.follow(field ?? null);
        return await remote.call('at', [2, 3]);
      };
      return new Exposed({ methods: { solve } });
    });
  const connections = (machine: string) => listening.get(machine)?.connections;
  return { links, thermal, mechanical, ended, connections, directory: sshd.directory };
}

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];

for (const protection of ['token', 'hmac'] as const) {
  test(`an application calls an object of one that it cannot reach (${protection})`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const lab = await ground(t);
    await using thermal = await lab.thermal(protection);
    await using mechanical = await lab.mechanical();
    assert.equal(await thermal.model.size(), 5);
    const field = await thermal.model.field();
    await assert.rejects(mechanical.model.solve(field), /nobody has linked this model to/);
    const link = await connectApplications(lab.links, thermal, mechanical);
    assert.equal(link.link.state, 'listening');
    assert.equal(await mechanical.model.solve(link.reference(field)), 23);
    assert.throws(() => link.reference(mechanical.object.reference), /no object of the two applications/);
  });
}

test('all references over a link share one connection, which goes with the link', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const lab = await ground(t);
  await using thermal = await lab.thermal();
  await using mechanical = await lab.mechanical();
  const before = lab.connections('thermal') ?? 0;
  const link = await connectApplications(lab.links, thermal, mechanical);
  for (let step = 1; step <= 4; step += 1)
    assert.equal(await mechanical.model.solve(link.reference(await thermal.model.field())), 23);
  assert.equal(lab.connections('thermal'), before + 1);
  await link.close();
  while (lab.connections('thermal') !== before) await delay(10);
});

test('both ways are links of their own, and go with either application', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const lab = await ground(t);
  const thermal = await lab.thermal();
  const mechanical = await lab.mechanical();
  const link = await connectApplications(lab.links, thermal, mechanical, { bothWays: true });
  assert.equal(lab.links.list.length, 4);
  assert.deepEqual([link.link.observer, link.reverse?.observer], ['mechanical', 'thermal']);
  const { end } = link.link;
  const directory = dirname('socketPath' in end ? end.socketPath : '');
  await thermal.terminate();
  await thermal.terminate();
  assert.equal(link.link.state, 'closed');
  assert.deepEqual(lab.ended, ['thermal']);
  assert.equal(lab.links.list.length, 1);
  assert.equal(await mechanical.object.call('solve', [null]).catch(() => 'still there'), 'still there');
  await mechanical.terminate();
  assert.deepEqual(lab.links.list, []);
  await lab.links.close();
  assert.equal(existsSync(directory), false);
});

test('a wrong peer at the end of the way is not handed over, and nothing is left', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const lab = await ground(t);
  await using thermal = await lab.thermal();
  await using mechanical = await lab.mechanical();
  Object.defineProperty(thermal, 'access', {
    get: () => ({ key: new Secret('another key'), protection: 'token' }),
  });
  const before = lab.links.list.length;
  await assert.rejects(connectApplications(lab.links, thermal, mechanical), (error) =>
    isLatchkeyError(error, 'pyro/wrong-peer'),
  );
  assert.equal(lab.links.list.length, before);
});

test('terminating a model gives everything back, though its job cannot be ended', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const lab = await ground(t);
  const thermal = await lab.thermal();
  const broken = new RemoteModel<Thermal>({
    job: { id: '1@thermal', uri: thermal.object.uri, ...thermal.access },
    machine: 'thermal',
    linked: await connectLinked(lab.links, thermal.object.uri, {
      machine: 'thermal',
      token: thermal.access.key,
    }),
    terminateJob: () => Promise.reject(new Error('the server is gone')),
    releaseServer: async () => {},
  });
  await assert.rejects(broken.terminate(), /the server is gone/);
  assert.equal(lab.links.list.length, 1);
  await thermal.terminate();
  assert.deepEqual(lab.links.list, []);
});
