// Ways between machines that see each other only from here, through real sshds.
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { Links } from '../../src/remote/link/links.ts';
import { HERE } from '../../src/remote/link/place.ts';
import { type ForwardEnd, openSsh, type SshConnection } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { type SshGround, startSshd } from '../support/sshd.ts';
import { endsWith } from '../support/workspace.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];

/** Two machines, `thermal` and `mechanical`, and the links that we hold between them. */
async function twoMachines(
  t: TestContext,
  config: readonly string[] = [],
): Promise<{ ground: SshGround; links: Links; logins: string[] }> {
  const ground = await startSshd(t, { config });
  const jump = await ground.jump();
  const logins: string[] = [];
  const open = new Map<string, Promise<SshConnection>>();
  const connectTo = (machine: string) => {
    const known = open.get(machine);
    if (known !== undefined) return known;
    logins.push(machine);
    const options = sshOptions(ground);
    const made = openSsh(
      machine === 'thermal' ? options : { ...options, target: { ...options.target, port: jump.port } },
    );
    open.set(machine, made);
    return made;
  };
  const links = new Links({ connect: connectTo });
  endsWith(t, ground.directory, async () => {
    await links.close();
    for (const connection of open.values()) await (await connection).close();
  });
  return { ground, links, logins };
}

async function echo(t: TestContext, name: string, path?: string): Promise<ForwardEnd> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${name}\n`);
  });
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null
    ? { port: address.port }
    : { socketPath: path ?? '' };
}

function hear(end: ForwardEnd): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = 'socketPath' in end ? connect(end.socketPath) : connect(end.port, end.host ?? '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
  });
}

const socketOf = (end: ForwardEnd) => ('socketPath' in end ? end.socketPath : '');

test('a link from here is one proven socket that nobody else can open', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, links } = await twoMachines(t);
  const end = await echo(t, 'thermal', join(ground.directory, 'model'));
  const link = await links.open({ machine: 'thermal', end });
  assert.equal(link.state, 'proven');
  assert.equal(link.isShared, false);
  assert.equal(await hear(link.end), 'thermal\n');
  assert.equal(statSync(dirname(socketOf(link.end))).mode & 0o777, 0o700);
  await link.close();
  assert.equal(link.state, 'closed');
  assert.equal(existsSync(socketOf(link.end)), false);
});

test('a relay leads from one machine through here to the other, over the link that is there already', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, links, logins } = await twoMachines(t);
  const place = { machine: 'thermal', end: await echo(t, 'field', join(ground.directory, 'model')) };
  const mine = await links.open(place);
  const relay = await links.open(place, { observer: 'mechanical' });
  assert.equal(relay.state, 'proven');
  assert.equal(await hear(relay.end), 'field\n');
  assert.equal(relay.forwards.length, 2);
  assert.equal(relay.forwards[1], mine.forwards[0]);
  assert.deepEqual(logins, ['thermal', 'mechanical']);
  assert.equal(statSync(dirname(socketOf(relay.end))).mode & 0o777, 0o700);
  await relay.close();
  assert.equal(existsSync(socketOf(relay.end)), false);
  assert.equal(await hear(mine.end), 'field\n');
});

test('who asks for the same way shares it, and it is taken down with the last', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { links } = await twoMachines(t);
  const place = { machine: 'thermal', end: await echo(t, 'one') };
  const [first, second] = await Promise.all([links.open(place), links.open(place)]);
  assert.deepEqual(first.end, second.end);
  assert.equal(links.list.length, 1);
  await first.close();
  await first.close();
  assert.equal(await hear(second.end), 'one\n');
  await second.close();
  assert.deepEqual(links.list, []);
  await assert.rejects(hear(second.end));
});

test('a place where nobody listens is told as degraded, with the cause', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, links } = await twoMachines(t);
  const socketPath = join(ground.directory, 'nobody');
  const link = await links.open({ machine: 'thermal', end: { socketPath } }, { observer: 'mechanical' });
  assert.equal(link.state, 'degraded');
  assert.match(link.cause?.message ?? '', /nobody answers at .*nobody over there/);
  await echo(t, 'late', socketPath);
  assert.equal(await link.prove(), 'proven');
});

test('where sockets are forbidden the server chooses a port, and the link says that others can use it', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { links } = await twoMachines(t, ['AllowStreamLocalForwarding no']);
  const place = { machine: HERE, end: await echo(t, 'steering') };
  const link = await links.open(place, { observer: 'mechanical' });
  assert.equal(link.isShared, true);
  assert.equal('port' in link.end && link.end.port > 0, true);
  assert.equal(await hear(link.end), 'steering\n');
});

test('a link comes back with its connection, at the same address', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, links } = await twoMachines(t);
  const place = { machine: 'thermal', end: await echo(t, 'again') };
  const link = await links.open(place, { observer: 'mechanical' });
  const states: string[] = [];
  const back = new Promise<void>((resolve) => {
    link.subscribe(({ state }) => {
      states.push(state);
      if (state === 'proven') resolve();
    });
  });
  ground.target.dropConnections();
  await back;
  assert.equal(states[0], 'lost');
  assert.equal(await hear(link.end), 'again\n');
});

test('closing the links leaves no socket and no directory, here or there', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, links } = await twoMachines(t);
  const place = { machine: 'thermal', end: await echo(t, 'x', join(ground.directory, 'model')) };
  const relay = await links.open(place, { observer: 'mechanical' });
  const mine = await links.open(place);
  const directories = [relay, mine].map(({ end }) => dirname(socketOf(end)));
  assert.deepEqual(directories.map(existsSync), [true, true]);
  await links.close();
  assert.deepEqual(directories.map(existsSync), [false, false]);
  await assert.rejects(links.open(place), (error) => isLatchkeyError(error, 'remote/link'));
});

test('with direct addresses an end that others cannot reach is refused with the remedy', async () => {
  const links = new Links({ mode: 'direct', connect: () => assert.fail('no login is wanted') });
  for (const end of [{ socketPath: '/run/model' }, { port: 3300 }]) {
    await assert.rejects(links.open({ machine: 'thermal', end }), (error) => {
      assert.ok(isLatchkeyError(error, 'remote/link'));
      assert.match(error.hint ?? '', /network/);
      return true;
    });
  }
  const link = await links.open({ machine: 'jane@thermal:22', end: { host: '0.0.0.0', port: 3300 } });
  assert.deepEqual(link.end, { host: 'thermal', port: 3300 });
  await links.close();
});
