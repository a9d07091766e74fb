import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { type Forward, openSsh, type SshConnection, type SshOptions } from '../../src/ssh/index.ts';
import { cuttableLink } from '../support/cuttable-link.ts';
import { havePeers } from '../support/peers.ts';
import { isAlive, processTree, signalAll } from '../support/processes.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { sshDirectories, sshProcesses } from '../support/ssh-processes.ts';
import { startSshd } from '../support/sshd.ts';

/** Set in the process that is to be killed: it holds a connection with these options. */
const HOLD = 'LATCHKEY_TEST_HOLD';
if (process.env[HOLD] !== undefined) {
  const connection = await openSsh(JSON.parse(process.env[HOLD]));
  await connection.run(['true']);
  console.log('ready');
  await new Promise(() => setInterval(() => {}, 1000));
}

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];

async function connected(t: TestContext, options: SshOptions): Promise<SshConnection> {
  const connection = await openSsh({ keepAlive: { seconds: 1, count: 2 }, ...options });
  t.after(() => connection.close());
  return connection;
}

/** Resolves when the state is reached; the test's own time limit is the bound. */
function reached(connection: SshConnection, state: string): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (connection.state !== state) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = connection.subscribe(look);
    look();
  });
}

function proven(forward: Forward): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (forward.state !== 'proven') return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = forward.subscribe(look);
    look();
  });
}

/** The masters of connections to this port. */
function masters(port: number): readonly number[] {
  return sshProcesses(process.pid)
    .filter(({ words }) => words.includes('-M') && words.includes(String(port)))
    .map(({ pid }) => pid);
}

async function lostCommand(promise: Promise<unknown>) {
  const error = await promise.then(
    () => assert.fail('it did not reject'),
    (reason: unknown) => reason,
  );
  assert.ok(isLatchkeyError(error, 'ssh/lost'), `${error}`);
  assert.equal(error.retryable, true);
  return error;
}

test('a killed master: what ran is told, everything stands again, forwards at their old places', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const connection = await connected(t, sshOptions(ground));
  const server = createServer((socket) => socket.on('error', () => {}).end('here')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const address = server.address();
  const target = { port: typeof address === 'object' && address !== null ? address.port : 0 };
  const forwards = [
    await connection.forward({ kind: 'local', listen: { port: 0 }, connect: target }),
    await connection.forward({
      kind: 'local',
      listen: { socketPath: join(ground.directory, 'l') },
      connect: target,
    }),
    await connection.forward({ kind: 'remote', listen: { port: 0 }, connect: target }),
    await connection.forward({
      kind: 'remote',
      listen: { socketPath: join(ground.directory, 'r') },
      connect: target,
    }),
    await connection.forward({ kind: 'dynamic', listen: { port: 0 } }),
  ];
  const places = forwards.map(({ spec }) => spec.listen);
  const seen: string[] = [];
  connection.subscribe(({ state }) => seen.push(state));
  // What ran over there goes on: nobody can tell it that its login is gone.
  const long = ['sh', '-c', 'echo $$ > "$1"; exec sleep 1000', 'sh'];
  const files = ['one', 'two'].map((name) => join(ground.directory, name));
  const [one = '', two = ''] = files;
  const pidsThere = () => files.map((file) => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0));
  const running = lostCommand(connection.run([...long, one]));
  void connection.script('"$@"', [...long, two]).catch(() => {});
  while (pidsThere().includes(0)) await delay(10);
  const there = pidsThere();
  t.after(() => signalAll(there, 'SIGKILL'));

  const [master] = masters(ground.target.port);
  assert.ok(master !== undefined);
  process.kill(master, 'SIGKILL');
  assert.equal((await running).details.ran, 'unknown');
  const { exitCode } = await connection.run(['true']);
  assert.equal(exitCode, 0);
  await Promise.all(forwards.map(proven));
  assert.deepEqual(
    forwards.map(({ spec }) => spec.listen),
    places,
  );
  assert.deepEqual(seen, ['reconnecting', 'ready']);
  assert.equal(connection.status.reconnects, 1);
});

test('a frozen sshd is noticed by keep-alive; commands meanwhile say that they did not run; it recovers', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const connection = await connected(t, { ...sshOptions(ground), connectTimeoutMs: 1500 });
  await connection.run(['true']);
  ground.target.freeze();
  const error = await lostCommand(connection.run(['true']));
  assert.equal(error.details.ran, 'unknown');
  await reached(connection, 'reconnecting');
  const waiting = await lostCommand(connection.run(['true']));
  assert.equal(waiting.details.ran, 'no');
  ground.target.thaw();
  await reached(connection, 'ready');
  assert.equal((await connection.run(['echo', 'again'])).stdout.toString(), 'again\n');
});

test('a link that is cut without a word is noticed, and made again when it is mended', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const link = await cuttableLink(t, ground.target.port);
  const known = readFileSync(ground.knownHosts, 'utf8').replace(
    String(ground.target.port),
    String(link.port),
  );
  writeFileSync(ground.knownHosts, known);
  const options = sshOptions(ground);
  const connection = await connected(t, {
    ...options,
    target: { ...options.target, port: link.port },
    connectTimeoutMs: 1500,
  });
  await connection.run(['true']);
  link.cut();
  await lostCommand(connection.run(['sleep', '30']));
  await reached(connection, 'reconnecting');
  link.mend();
  await reached(connection, 'ready');
  assert.equal((await connection.run(['echo', 'again'])).stdout.toString(), 'again\n');
});

test('an sshd that is gone for a while is tried again and again, and the cause is there to read', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const connection = await connected(t, sshOptions(ground));
  await ground.target.stop();
  await reached(connection, 'reconnecting');
  const error = await lostCommand(connection.run(['true']));
  assert.equal(error.details.ran, 'no');
  assert.equal(connection.status.cause?.code, 'ssh/unreachable');
  assert.equal(connection.status.cause?.details.reason, 'refused');
  assert.ok(connection.status.retryAt instanceof Date);
  await ground.target.start();
  await reached(connection, 'ready');
  assert.equal((await connection.run(['true'])).exitCode, 0);
});

test('a host key that changed while the connection was away is refused, and not asked for in a loop', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const connection = await connected(t, sshOptions(ground));
  await ground.target.stop();
  for (const end of ['', '.pub'])
    writeFileSync(`${ground.target.hostKey}${end}`, readFileSync(`${ground.strangerKey}${end}`));
  await ground.target.start();
  while (connection.status.cause?.code !== 'ssh/host-key') await delay(20);
  const { retryAt } = connection.status;
  await lostCommand(connection.run(['true'], { timeoutMs: 300 }));
  assert.ok(retryAt !== undefined || connection.status.retryAt !== undefined);
  const wait = Number(connection.status.retryAt) - Date.now();
  assert.ok(wait > 10_000, `${wait}`);
});

test('a process that is killed leaves no ssh and no directory behind', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const holder = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, [HOLD]: JSON.stringify(sshOptions(ground)) },
  });
  t.after(() => holder.kill('SIGKILL'));
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const tree = processTree(holder.pid ?? 0).slice(1);
  const directories = [...sshDirectories(holder.pid ?? 0)];
  assert.ok(tree.length >= 3 && directories.length === 1);
  holder.kill('SIGKILL');
  const isLeft = () => tree.some(isAlive) || directories.some(existsSync);
  for (let waited = 0; waited < 20_000 && isLeft(); waited += 20) await delay(20);
  assert.equal(isLeft(), false);
});
