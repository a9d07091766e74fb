import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { openSsh } from '../../src/ssh/index.ts';
import { connectOnce } from '../support/connect-once.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { startSshd } from '../support/sshd.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];
/** Set in the process that has a network of its own. */
const ALONE = 'LATCHKEY_TEST_ALONE';
const OUTAGE_MS = 10_000;

async function until(is: () => boolean): Promise<void> {
  for (let waited = 0; !is(); waited += 20) {
    if (waited > 60_000) throw new Error('it did not come to that within a minute');
    await delay(20);
  }
}

async function stage(t: Pick<TestContext, 'after'>) {
  const ground = await startSshd(t);
  const connection = await openSsh({
    ...sshOptions(ground),
    keepAlive: { seconds: 1, count: 2 },
    connectTimeoutMs: 1500,
  });
  t.after(() => connection.close());
  const socketPath = join(ground.directory, 'target');
  const server = createServer((socket) => socket.on('error', () => {}).end('here'));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  t.after(() => server.close());
  const forwards = [
    await connection.forward({ kind: 'local', listen: { port: 0 }, connect: { socketPath } }),
    await connection.forward({ kind: 'remote', listen: { port: 0 }, connect: { socketPath } }),
    await connection.forward({ kind: 'dynamic', listen: { port: 0 } }),
  ];
  return { ground, connection, forwards };
}

/** The codes of what rejects, and what is said of whether it ran. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: unknown) => (isLatchkeyError(error) ? `${error.code} ${error.details.ran ?? ''}` : `${error}`),
  );
}

if (process.env[ALONE] !== undefined) {
  const ends: (() => unknown)[] = [];
  const t = { after: (end: () => unknown) => void ends.unshift(end) } as Pick<TestContext, 'after'>;
  const link = (state: string) => execFileSync(findProgram('ip') ?? 'ip', ['link', 'set', 'lo', state]);
  try {
    link('up');
    const { connection, forwards } = await stage(t);
    const listening = () => forwards.map(({ spec }) => spec.listen);
    const places = listening();
    await connection.run(['true']);
    const states: string[] = [];
    connection.subscribe(({ state }) => states.push(state));
    link('down');
    const downAt = performance.now();
    const ran = await outcome(connection.run(['true'], { timeoutMs: 30_000 }));
    await until(() => connection.state === 'reconnecting');
    const meanwhile = forwards.map(({ state, cause }) => [state, cause?.code]);
    const refused = await outcome(connection.run(['true']));
    await delay(OUTAGE_MS - (performance.now() - downAt));
    const { cause } = connection.status;
    link('up');
    await until(() => connection.state === 'ready' && forwards.every(({ state }) => state === 'proven'));
    const again = (await connection.run(['echo', 'again'])).stdout.toString();
    const heard = [];
    for (const { spec } of forwards.slice(0, 2)) heard.push(await connectOnce(spec.listen));
    console.log(
      JSON.stringify({
        ...{ ran, meanwhile, refused, cause: [cause?.code, cause?.details.reason], again, heard },
        ...{ isSamePlace: JSON.stringify(listening()) === JSON.stringify(places), last: states.at(-1) },
      }),
    );
  } finally {
    for (const end of ends) await end();
  }
  process.exit(0);
}

test('a network that is down for ten seconds: honest meanwhile, and afterwards everything at its old place', async (t) => {
  if (!havePeers(t, ...PEERS, 'unshare', 'ip')) return;
  if (process.geteuid?.() !== 0) return t.skip('a network of its own needs root');
  const child = spawn(
    findProgram('unshare') ?? '',
    ['--net', '--mount', process.execPath, fileURLToPath(import.meta.url)],
    { env: { ...process.env, [ALONE]: '1' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  const told = JSON.parse(text);
  assert.deepEqual(told, {
    ran: 'ssh/lost unknown',
    meanwhile: Array.from({ length: 3 }, () => ['lost', 'ssh/lost']),
    refused: 'ssh/lost no',
    cause: ['ssh/unreachable', told.cause[1]],
    again: 'again\n',
    heard: ['here', 'here'],
    isSamePlace: true,
    last: 'ready',
  });
  assert.ok(['no-route', 'timed-out'].includes(told.cause[1]), told.cause[1]);
});

test('a frozen sshd while a file is copied: it ends as lost, the old file stays, and the copy goes on afterwards', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await stage(t);
  let losses = 0;
  connection.subscribe(({ state }) => {
    if (state === 'reconnecting') losses += 1;
  });
  const bytes = Buffer.alloc(40 << 20, 'some bytes and others');
  for (const way of ['put', 'get'] as const) {
    const [source, target] = [join(ground.directory, `${way}.from`), join(ground.directory, `${way}.to`)];
    writeFileSync(source, bytes);
    writeFileSync(target, 'old');
    const before = losses;
    let first: number | undefined;
    const copy = connection.files[way](source, target, {
      resume: true,
      onProgress: (done) => {
        if (done > 5_000_000 && first === undefined) {
          first = done;
          ground.target.freeze();
        }
      },
    });
    assert.match(await outcome(copy), /^ssh\/lost/);
    assert.equal(readFileSync(target, 'utf8'), 'old');
    ground.target.thaw();
    // The copy may know of the loss a moment before the connection does.
    await until(() => losses > before && connection.state === 'ready');
    let start: number | undefined;
    await connection.files[way](source, target, {
      resume: true,
      onProgress: (done) => {
        start ??= done;
      },
    });
    assert.ok((start ?? 0) >= 1_000_000, `it began at ${start}`);
    assert.ok(readFileSync(target).equals(bytes));
    assert.equal(existsSync(join(ground.directory, `.${way}.to.latchkey-part`)), false);
  }
});

test('a frozen sshd while a forward carries data: its users are told, and the next ones get through at the same place', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await stage(t);
  const sink = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => sink.listen(join(ground.directory, 'sink'), resolve));
  t.after(() => sink.close());
  const spec = {
    kind: 'local',
    listen: { port: 0 },
    connect: { socketPath: join(ground.directory, 'sink') },
  } as const;
  const forward = await connection.forward(spec);
  const { listen } = forward.spec;
  const user = connect('port' in listen ? listen.port : 0, '127.0.0.1');
  const ended = new Promise<void>((resolve) => user.once('close', () => resolve()));
  user.on('error', () => {});
  let sent = 0;
  const more = () => {
    while (!user.destroyed && user.write(Buffer.alloc(65_536))) sent += 65_536;
  };
  user.on('drain', more);
  user.once('connect', more);
  await until(() => sent > 2_000_000);
  ground.target.freeze();
  const seen: string[] = [];
  forward.subscribe(({ state }) => seen.push(state));
  await until(() => forward.state === 'lost');
  assert.equal(forward.cause?.code, 'ssh/lost');
  await ended;
  ground.target.thaw();
  await until(() => forward.state === 'proven');
  assert.deepEqual(forward.spec.listen, listen);
  assert.deepEqual([seen[0], seen.at(-1)], ['lost', 'proven']);
  await until(() => connection.forwards.every(({ state }) => state === 'proven'));
});
