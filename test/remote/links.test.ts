// Ways between machines that see each other only from here, through real sshds.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { Links } from '../../src/remote/link/links.ts';
import { HERE } from '../../src/remote/link/place.ts';
import { type ForwardEnd, openSsh, type SshConnection } from '../../src/ssh/index.ts';
import { until } from '../support/model-servers.ts';
import { havePeers } from '../support/peers.ts';
import { processTree, signalAll } from '../support/processes.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { sshProcesses } from '../support/ssh-processes.ts';
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

test('a command is run in each login that links go through: without one sshd holds small answers back', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, links } = await twoMachines(t);
  const place = { machine: 'thermal', end: await echo(t, 'thermal') };
  const link = await links.open(place);
  const sessions = () => ground.target.log().match(/Starting session: /g)?.length ?? 0;
  await until(() => sessions() === 1, 'the first session');
  await (await links.open(place)).close();
  await (await links.open({ machine: 'thermal', end: await echo(t, 'another') })).close();
  assert.equal(sessions(), 1);
  ground.target.dropConnections();
  await until(() => sessions() === 2, 'a session in the next login');
  await link.close();
});

test('an account that may run no command has links all the same', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { links } = await twoMachines(t, ['MaxSessions 0']);
  const link = await links.open({ machine: 'thermal', end: await echo(t, 'thermal') });
  assert.equal(link.state, 'proven');
  assert.equal(await hear(link.end), 'thermal\n');
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

/** The server's halves of logins, which hold on to what they listen on: frozen, as on a machine that has been cut off. */
function freezeLogins(sshd: number): readonly number[] {
  const logins = processTree(sshd).slice(1);
  signalAll(logins, 'SIGSTOP');
  return logins;
}

for (const [what, config] of [
  ['socket', []],
  ['port', ['AllowStreamLocalForwarding no']],
] as const) {
  test(`after a cut the old login over there still holds the ${what}: the link says so, and is the same again when that is gone`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const { ground, links } = await twoMachines(t, config);
    const link = await links.open(
      { machine: HERE, end: await echo(t, 'steering') },
      { observer: 'mechanical' },
    );
    assert.equal(link.state, 'proven');
    const { end } = link;
    const states: string[] = [];
    link.subscribe(({ state }) => void states.push(state));
    const jump = await ground.jump();
    const old = freezeLogins(jump.pid);
    t.after(() => signalAll(old, 'SIGKILL'));
    assert.ok(old.length > 0);
    for (const { pid } of sshProcesses(process.pid)) signalAll([pid], 'SIGKILL');
    await until(() => states.includes('lost'), 'it is lost');
    // A listener that still answers is the old one, which leads nowhere: it is not handed out as proven.
    await until(() => / taken over there/.test(link.cause?.message ?? ''), 'it says that it is taken');
    assert.equal(link.state, 'lost');
    signalAll(old, 'SIGKILL');
    await until(() => link.state === 'proven', 'it is back');
    assert.deepEqual(link.end, end);
    assert.equal(await hear(link.end), 'steering\n');
  });
}

test('a machine whose host key has changed is not linked to: by both policies, and nothing is left', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  await ground.target.stop();
  for (const end of ['', '.pub'])
    writeFileSync(`${ground.target.hostKey}${end}`, readFileSync(`${ground.strangerKey}${end}`));
  await ground.target.start();
  for (const policy of ['strict', 'accept-new'] as const) {
    const options = sshOptions(ground);
    const links = new Links({
      connect: () => openSsh({ ...options, hostKeys: { ...options.hostKeys, policy } }),
    });
    const end = await echo(t, 'x');
    for (const observer of [HERE, 'thermal'])
      await assert.rejects(
        links.open({ machine: observer === HERE ? 'thermal' : HERE, end }, { observer }),
        (error) =>
          isLatchkeyError(error, 'ssh/host-key') && /another one than the known one/.test(error.message),
      );
    assert.deepEqual(links.list, []);
    await links.close();
  }
  assert.doesNotMatch(ground.target.log(), /Accepted/);
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
