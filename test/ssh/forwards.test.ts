import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { type ForwardEnd, openSsh, type SshConnection } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { type SshGround, startSshd } from '../support/sshd.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];

async function connected(
  t: TestContext,
  config: readonly string[] = [],
): Promise<{ ground: SshGround; connection: SshConnection }> {
  const ground = await startSshd(t, { config });
  const connection = await openSsh(sshOptions(ground));
  t.after(() => connection.close());
  return { ground, connection };
}

/** A server that says its name and then repeats what it hears. */
async function echo(
  t: TestContext,
  name: string,
  path?: string,
): Promise<{ end: ForwardEnd; server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write(`${name}:`);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  const end =
    typeof address === 'object' && address !== null ? { port: address.port } : { socketPath: path ?? '' };
  return { end, server };
}

/** What comes back through an end. */
function talk(end: ForwardEnd, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = 'socketPath' in end ? connect(end.socketPath) : connect(end.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
      if (heard.endsWith(words)) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
    socket.write(words);
  });
}

async function rejection(promise: Promise<unknown>) {
  const error = await promise.then(
    () => assert.fail('it did not reject'),
    (reason: unknown) => reason,
  );
  assert.ok(isLatchkeyError(error, 'ssh/forward'), `${error}`);
  return error;
}

test('local and remote forwards between ports and sockets are proven, used, and really closed', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await connected(t);
  const path = (name: string) => join(ground.directory, name);
  let n = 0;
  for (const kind of ['local', 'remote'] as const) {
    for (const listenOn of ['port', 'socket']) {
      for (const connectTo of ['port', 'socket']) {
        n += 1;
        const { end } = await echo(t, `e${n}`, connectTo === 'socket' ? path(`target${n}`) : undefined);
        const listen = listenOn === 'socket' ? { socketPath: path(`listen${n}`) } : { port: 0 };
        const forward = await connection.forward({ kind, listen, connect: end });
        assert.equal(forward.state, 'proven', `${forward.description}: ${forward.cause}`);
        assert.ok('socketPath' in forward.spec.listen || forward.spec.listen.port > 0);
        assert.equal(await talk(forward.spec.listen, 'hello'), `e${n}:hello`);
        await forward.close();
        assert.equal(forward.state, 'closed');
        if ('socketPath' in listen)
          assert.equal(existsSync(listen.socketPath), false, 'the socket file is gone');
        await assert.rejects(talk(forward.spec.listen, 'x'), /ECONNREFUSED|ENOENT/);
        if ('socketPath' in listen) {
          const again = await connection.forward({ kind, listen, connect: end });
          assert.equal(again.state, 'proven');
          await again.close();
        }
      }
    }
  }
  assert.equal(connection.forwards.length, 0);
});

test('a dynamic forward is a SOCKS proxy', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  const { end } = await echo(t, 'socks');
  const forward = await connection.forward({ kind: 'dynamic', listen: { port: 0 } });
  assert.equal(forward.state, 'proven');
  const port = 'port' in end ? end.port : 0;
  const listen = 'port' in forward.spec.listen ? forward.spec.listen.port : 0;
  const heard = await new Promise<string>((resolve, reject) => {
    const socket = connect(listen, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length === 2) socket.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]));
      if (all.includes('socks:')) socket.end();
    });
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.write(Buffer.from([5, 1, 0]));
  });
  assert.ok(heard.endsWith('socks:'));
  await forward.close();
});

test('a target that nobody listens on is told, and found when somebody does', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await connected(t);
  const socketPath = join(ground.directory, 'later');
  const local = await connection.forward({ kind: 'local', listen: { port: 0 }, connect: { socketPath } });
  assert.deepEqual([local.state, local.cause?.details.reason], ['degraded', 'target']);
  const remote = await connection.forward({ kind: 'remote', listen: { port: 0 }, connect: { socketPath } });
  assert.deepEqual([remote.state, remote.cause?.details.reason], ['degraded', 'target']);
  const states: string[] = [];
  local.subscribe(({ state }) => states.push(state));
  await echo(t, 'late', socketPath);
  assert.equal(await local.prove(), 'proven');
  assert.equal(await remote.prove(), 'proven');
  assert.deepEqual(states, ['proven']);
});

test('a port that is taken is told, here and over there, and is not half taken', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await connected(t);
  const { end } = await echo(t, 'mine');
  for (const kind of ['local', 'remote'] as const) {
    const error = await rejection(
      connection.forward({ kind, listen: end, connect: { port: ground.target.port } }),
    );
    assert.equal(error.details.reason, 'taken', kind);
    assert.ok(error.hint);
  }
  assert.equal(await talk(end, 'x'), 'mine:x');
  const { end: socket } = await echo(t, 'mine', join(ground.directory, 'taken'));
  for (const kind of ['local', 'remote'] as const) {
    const error = await rejection(
      connection.forward({ kind, listen: socket, connect: { port: ground.target.port } }),
    );
    assert.equal(error.details.reason, 'taken', kind);
  }
  assert.equal(await talk(socket, 'x'), 'mine:x');
  assert.equal(connection.forwards.length, 0);
});

test('a server that forbids forwarding is told with the setting to ask for', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t, ['AllowTcpForwarding no']);
  const { end } = await echo(t, 'no');
  const local = await connection.forward({ kind: 'local', listen: { port: 0 }, connect: end });
  assert.deepEqual([local.state, local.cause?.details.reason], ['degraded', 'prohibited']);
  assert.match(local.cause?.hint ?? '', /AllowTcpForwarding/);
  const error = await rejection(connection.forward({ kind: 'remote', listen: { port: 0 }, connect: end }));
  assert.equal(error.details.reason, 'refused');
  assert.match(error.hint ?? '', /AllowTcpForwarding/);
});

test('two hundred forwards stand at once on one login', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await connected(t);
  const { end } = await echo(t, 'many');
  const forwards = await Promise.all(
    Array.from({ length: 200 }, (_, n) =>
      n % 2 === 0
        ? connection.forward({
            kind: n % 4 === 0 ? 'local' : 'remote',
            listen: { socketPath: join(ground.directory, `many${n}`) },
            connect: end,
          })
        : connection.forward({ kind: 'local', listen: { port: 0 }, connect: end }),
    ),
  );
  assert.deepEqual(new Set(forwards.map(({ state }) => state)), new Set(['proven']));
  const heard = await Promise.all(forwards.map((forward) => talk(forward.spec.listen, 'hi')));
  assert.deepEqual(new Set(heard), new Set(['many:hi']));
  await connection.close();
  assert.deepEqual(new Set(forwards.map(({ state }) => state)), new Set(['closed']));
  for (let n = 0; n < 200; n += 2)
    assert.equal(existsSync(join(ground.directory, `many${n}`)), false, `${n}`);
});

test('what is no forward is a TypeError', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  for (const listen of [
    { socketPath: 'relative' },
    { socketPath: `/${'x'.repeat(200)}` },
    { port: -1 },
    { port: 1.5 },
  ]) {
    await assert.rejects(connection.forward({ kind: 'local', listen, connect: { port: 1 } }), TypeError);
  }
  await assert.rejects(
    connection.forward({ kind: 'local', listen: { port: 0 }, connect: { port: 0 } }),
    TypeError,
  );
});
