import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Forward, openSsh, openSsh2, type SshConnection } from '../../src/ssh/index.ts';
import { connectOnce } from '../support/connect-once.ts';
import { havePeers } from '../support/peers.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { type SshGround, startSshd } from '../support/sshd.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];
const BACK_ENDS = { OpenSSH: openSsh, ssh2: openSsh2 };

async function connected(
  t: TestContext,
  open: typeof openSsh,
  forwardCheckSeconds: number,
): Promise<{ ground: SshGround; connection: SshConnection }> {
  const ground = await startSshd(t);
  const connection = await open({ ...sshOptions(ground), forwardCheckSeconds });
  t.after(() => connection.close());
  return { ground, connection };
}

/** Somebody who listens at a socket, until he is ended. */
async function listener(t: TestContext, path: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => {}).end('here'));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  return server;
}

/** Resolves when the forward has this state. */
function reached(forward: Forward, state: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const bound = setTimeout(
      () => reject(new Error(`${forward.description} is ${forward.state}, not ${state}: ${forward.cause}`)),
      20_000,
    );
    const look = () => {
      if (forward.state !== state) return;
      clearTimeout(bound);
      unsubscribe();
      resolve();
    };
    const unsubscribe = forward.subscribe(look);
    look();
  });
}

for (const [name, open] of Object.entries(BACK_ENDS)) {
  test(`${name}: a target that ends while the connection stands is told without being asked, and its return too`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const { ground, connection } = await connected(t, open, 0.2);
    const target = join(ground.directory, 'target');
    const before = await listener(t, target);
    const forwards = [
      await connection.forward({ kind: 'local', listen: { port: 0 }, connect: { socketPath: target } }),
      await connection.forward({ kind: 'remote', listen: { port: 0 }, connect: { socketPath: target } }),
    ];
    assert.deepEqual(
      forwards.map(({ state }) => state),
      ['proven', 'proven'],
    );
    const counts = forwards.map((forward) => {
      const seen: string[] = [];
      forward.subscribe(({ state }) => seen.push(state));
      return seen;
    });
    await new Promise((resolve) => before.close(resolve));
    await Promise.all(forwards.map((forward) => reached(forward, 'degraded')));
    for (const { cause } of forwards) {
      assert.equal(cause?.details.reason, 'target');
      assert.match(cause?.hint ?? '', /start what is to listen there/);
    }
    await listener(t, target);
    await Promise.all(forwards.map((forward) => reached(forward, 'proven')));
    assert.deepEqual(counts, [
      ['degraded', 'proven'],
      ['degraded', 'proven'],
    ]);
  });

  test(`${name}: a socket that somebody removes, here or over there, is listened on again`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const { ground, connection } = await connected(t, open, 0.2);
    const target = join(ground.directory, 'target');
    await listener(t, target);
    for (const kind of ['local', 'remote'] as const) {
      const listen = { socketPath: join(ground.directory, kind) };
      const forward = await connection.forward({ kind, listen, connect: { socketPath: target } });
      const seen: string[] = [];
      forward.subscribe(({ state }) => seen.push(state));
      rmSync(listen.socketPath);
      await reached(forward, 'lost');
      assert.match(forward.cause?.message ?? '', /nobody listens/);
      await reached(forward, 'proven');
      assert.ok(existsSync(listen.socketPath));
      assert.equal(await connectOnce(listen), 'here');
      assert.deepEqual(seen, ['lost', 'listening', 'proven']);
      await forward.close();
    }
  });

  test(`${name}: a connection that fails has the forward looked at, long before its time`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const { ground, connection } = await connected(t, open, 80_000);
    const target = join(ground.directory, 'target');
    const before = await listener(t, target);
    for (const kind of ['local', 'remote'] as const) {
      const listen = { socketPath: join(ground.directory, `${kind}`) };
      const forward = await connection.forward({ kind, listen, connect: { socketPath: target } });
      assert.equal(forward.state, 'proven');
      if (kind === 'remote') await new Promise((resolve) => before.close(resolve));
      else rmSync(target);
      assert.equal(await connectOnce(listen), '');
      await reached(forward, 'degraded');
      await forward.close();
      if (kind === 'local') await listener(t, target);
    }
  });
}

test('who wants no proof has no connection made to the target, and is told all the same when nobody listens', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await connected(t, openSsh, 0.1);
  const target = join(ground.directory, 'target');
  let connections = 0;
  (await listener(t, target)).on('connection', () => {
    connections += 1;
  });
  const listen = { socketPath: join(ground.directory, 'listen') };
  const forward = await connection.forward(
    { kind: 'local', listen, connect: { socketPath: target } },
    { prove: false },
  );
  assert.equal(forward.state, 'listening');
  rmSync(listen.socketPath);
  await reached(forward, 'lost');
  await reached(forward, 'listening');
  assert.equal(connections, 0);
  assert.equal(await connectOnce(listen), 'here');
});
