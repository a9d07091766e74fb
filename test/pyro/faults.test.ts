// What goes wrong at the other end: it dies, freezes, talks nonsense, too slowly, too much, or too many come.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import {
  connectObject,
  encodeFrame,
  ObjectServer,
  type ObjectServerOptions,
  serializers,
} from '../../src/pyro/index.ts';
import { encodePeerMessage, PEER_ANNOTATION } from '../../src/pyro/peer-proof.ts';
import { until } from '../support/credential-directory.ts';
import { EchoObject } from '../support/pyro/echo-object.ts';
import { havePyro4, startDaemon } from '../support/pyro/peers.ts';
import { workspace } from '../support/workspace.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const coded =
  (code: string, words = /./) =>
  (error: unknown) =>
    isLatchkeyError(error) && error.code === code && words.test(error.message);

test('a Pyro daemon that is killed while it answers: the call fails at once', async (t) => {
  if (!havePyro4(t)) return;
  const daemon = await startDaemon(t, workspace(t));
  const object = await connectObject(daemon.uri);
  t.after(() => object.close());
  const call = assert.rejects(
    object.call('sleep', [60]),
    (error) => coded('pyro/lost')(error) && isLatchkeyError(error) && error.details.sent === true,
  );
  await delay(100);
  daemon.signal('SIGKILL');
  await call;
  await object.closed;
  await assert.rejects(connectObject(daemon.uri), coded('pyro/unreachable', /ECONNREFUSED/));
});

test('a Pyro daemon that freezes: calls end in their time, and it is used again when it goes on', async (t) => {
  if (!havePyro4(t)) return;
  const daemon = await startDaemon(t, workspace(t));
  const object = await connectObject(daemon.uri, { reconnect: {}, connectTimeoutMs: 500 });
  t.after(() => object.close());
  assert.equal(await object.call('echo', [1]), 1);
  daemon.signal('SIGSTOP');
  await assert.rejects(
    object.call('echo', [2], { timeoutMs: 100 }),
    coded('pyro/timed-out', /within 100 ms/),
  );
  await assert.rejects(
    connectObject(daemon.uri, { connectTimeoutMs: 100 }),
    coded('pyro/timed-out', /handshake within 100 ms/),
  );
  daemon.signal('SIGCONT');
  assert.equal(await object.call('echo', [3]), 3);
});

test('a call that a Pyro daemon does not answer in time does not spoil the next', async (t) => {
  if (!havePyro4(t)) return;
  const daemon = await startDaemon(t, workspace(t));
  const object = await connectObject(daemon.uri, { reconnect: {} });
  t.after(() => object.close());
  await assert.rejects(object.call('sleep', [20], { timeoutMs: 100 }), coded('pyro/timed-out'));
  // Behind the first one it would wait for twenty seconds.
  assert.equal(await object.call('echo', ['next'], { timeoutMs: 10_000 }), 'next');
  const giveUp = new AbortController();
  const given = assert.rejects(
    object.call('sleep', [0.3], { signal: giveUp.signal }),
    coded('pyro/cancelled'),
  );
  await delay(20);
  giveUp.abort();
  await given;
  assert.equal(await object.call('echo', ['its own answer']), 'its own answer');
});

test('connecting is given up by its signal', async (t) => {
  const port = await talking(t, () => {});
  const giveUp = new AbortController();
  const connecting = connectObject(`PYRO:echo@127.0.0.1:${port}`, { signal: giveUp.signal });
  setTimeout(() => giveUp.abort(), 50);
  await assert.rejects(connecting, coded('pyro/cancelled'));
});

test('servers that are no Pyro servers, or talk nonsense, end in one clear error', async (t) => {
  const header = encodeFrame({
    version: 4,
    type: 'connect-ok',
    flags: { metadata: true },
    sequence: 0,
    serializerId: 1,
    annotations: new Map(),
    payload: serializers.serpent.encode({
      handshake: 'hello',
      meta: { methods: ['x'], oneway: [], attrs: [] },
    }),
  });
  const cases: readonly (readonly [string, (socket: Socket) => void, string, RegExp])[] = [
    [
      'http',
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'pyro/malformed',
      /another protocol/,
    ],
    ['silence', () => {}, 'pyro/timed-out', /handshake within 300 ms/],
    ['hangs up', (socket) => socket.destroy(), 'pyro/lost', /hung up/],
    ['half a header', (socket) => socket.end(header.subarray(0, 10)), 'pyro/lost', /hung up/],
    ['half a frame', (socket) => socket.end(header.subarray(0, 40)), 'pyro/lost', /hung up/],
    ['wrong type', (socket) => socket.write(withType(header, 5)), 'pyro/malformed', /result/],
    [
      'another version',
      (socket) => socket.write(Buffer.from('PYRO\x00\x2f'.padEnd(40, '\0'), 'latin1')),
      'pyro/malformed',
      /version 47/,
    ],
  ];
  for (const [name, talk, code, words] of cases) {
    const port = await talking(t, (socket) => socket.once('data', () => talk(socket)));
    const connecting = connectObject(`PYRO:echo@127.0.0.1:${port}`, { connectTimeoutMs: 300 });
    await assert.rejects(
      connecting,
      (error) => coded(code, words)(error) || assert.fail(`${name}: ${error}`),
    );
  }
  // In the middle of things.
  const port = await talking(t, (socket) => {
    socket.once('data', () => {
      socket.write(header);
      socket.once('data', () => socket.write('nonsense'));
    });
  });
  const object = await connectObject(`PYRO:echo@127.0.0.1:${port}`);
  await assert.rejects(object.call('x'), coded('pyro/lost', /another protocol/));
  const strange = await talking(t, (socket) => {
    socket.once('data', () => {
      socket.write(header);
      socket.once('data', () => socket.write(withType(header, 5)));
    });
  });
  const asked = await connectObject(`PYRO:echo@127.0.0.1:${strange}`);
  await assert.rejects(asked.call('x'), coded('pyro/lost', /nobody made/));
});

test('clients that talk nonsense, stop in the middle or say nothing are ended, and others do not notice', async (t) => {
  const { server, uri, port } = await served(t, { handshakeTimeoutMs: 300, messageTimeoutMs: 300 });
  const object = await connectObject(uri);
  t.after(() => object.close());
  const frame = encodeFrame({
    version: 4,
    type: 'connect',
    flags: { metadata: true },
    sequence: 0,
    serializerId: 1,
    annotations: new Map(),
    payload: serializers.serpent.encode({ handshake: 'hello', object: 'echo' }),
  });
  const nonsense: readonly Buffer[] = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(1000, 0xff),
    Buffer.concat([Buffer.from('PYRO'), Buffer.alloc(100, 0xff)]),
    frame.subarray(0, 30),
    Buffer.alloc(0),
    Buffer.concat([frame, frame.subarray(0, 20)]),
    Buffer.concat([frame, withType(frame, 5)]),
    withType(frame, 4),
    encodeFrame({ ...frameOf('connect'), payload: Buffer.from('not serpent at all') }),
    encodeFrame({
      ...frameOf('connect'),
      annotations: new Map([['CORR', Buffer.alloc(35)]]),
      payload: serializers.serpent.encode({ handshake: 'hello', object: 'echo' }),
    }),
    encodeFrame({ ...frameOf('connect'), payload: serializers.serpent.encode([1, 2]) }),
    Buffer.concat([frame, encodeFrame({ ...frameOf('invoke'), payload: Buffer.from('('.repeat(10_000)) })]),
  ];
  const ended = nonsense.map(
    (bytes) =>
      new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.on('error', () => {});
        socket.on('data', () => {});
        socket.once('close', () => resolve());
        t.after(() => socket.destroy());
      }),
  );
  // The last one is a call that cannot be read: it is answered, and its client stays.
  await Promise.all(ended.slice(0, -1));
  await until(() => server.connections === 2, 'only two clients are left');
  assert.equal(await object.call('echo', ['fine']), 'fine');
});

test('a message that comes byte by byte is not waited for', async (t) => {
  const { server, uri, port } = await served(t, { messageTimeoutMs: 500, handshakeTimeoutMs: 1500 });
  const object = await connectObject(uri);
  t.after(() => object.close());
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const dripping = setInterval(() => socket.write('P'), 50);
  t.after(() => clearInterval(dripping));
  await new Promise((resolve) => socket.once('close', resolve));
  assert.equal(server.connections, 1);
});

test('a stranger cannot send much before it is in', async (t) => {
  const { server, port } = await served(t);
  const handshake = 'x'.repeat(5_000_000);
  const socket = connect(port, '127.0.0.1');
  const heard: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (chunk) => heard.push(chunk));
  socket.write(
    encodeFrame({
      ...frameOf('connect'),
      payload: serializers.serpent.encode({ handshake, object: 'echo' }),
    }),
  );
  await new Promise((resolve) => socket.once('close', resolve));
  assert.match(Buffer.concat(heard).toString('latin1'), /a handshake has at most 1048576 bytes/);
  assert.equal(server.connections, 0);
});

test('what a stranger has compressed does not become much either', async (t) => {
  const { port } = await served(t, { token: new Secret('known to few') });
  const hello = encodePeerMessage({ kind: 'hello', nonce: Buffer.alloc(32), hasToken: true });
  const bomb = encodeFrame(
    {
      ...frameOf('connect'),
      annotations: new Map([[PEER_ANNOTATION, hello]]),
      payload: Buffer.alloc(60_000_000, ' '),
    },
    { compress: true },
  );
  assert.ok(bomb.length < 100_000);
  const socket = connect(port, '127.0.0.1');
  const heard: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (chunk) => heard.push(chunk));
  socket.write(bomb);
  await new Promise((resolve) => socket.once('close', resolve));
  assert.match(Buffer.concat(heard).toString('latin1'), /more than 1048576 bytes when inflated/);
});

test('a batch without end neither holds up others nor fills the memory', async (t) => {
  const { uri } = await served(t, { maxMessageBytes: 4 << 20 });
  const [greedy, other] = [await connectObject(uri), await connectObject(uri)];
  t.after(() => Promise.all([greedy.close(), other.close()]));
  const long = greedy.batch(Array.from({ length: 50_000 }, () => ({ method: 'spin', args: [1] })));
  const given = long.catch((error: Error) => error.message);
  // Answered while the batch is made, which would take most of a minute.
  assert.equal(await other.call('echo', ['fine']), 'fine');
  await greedy.close();
  assert.match(String(await given), /closed/);
  const many = Array.from({ length: 1000 }, () => ({ method: 'big', args: [100_000] }));
  await assert.rejects(other.batch(many), coded('pyro/remote', /results of the batch are more than/));
  assert.ok(other.isNative);
});

test('a stream that is left while an item is waited for tells its method', async (t) => {
  const { uri, echo } = await served(t);
  const object = await connectObject(uri);
  const waiting = object.iterate('quiet').next();
  await until(() => echo.waiting === 1, 'it waits');
  await object.close();
  await assert.rejects(waiting, coded('pyro/closed'));
  await until(() => echo.waiting === 0, 'it is told');
});

test('more clients than the server takes are told so, and the first ones keep working', async (t) => {
  const { server, uri, port } = await served(t, { maxConnections: 10 });
  const objects = await Promise.all(Array.from({ length: 10 }, () => connectObject(uri)));
  const refused = await Promise.allSettled(Array.from({ length: 20 }, () => connectObject(uri)));
  for (const result of refused) {
    assert.equal(result.status, 'rejected');
    assert.match(String(result.reason), /has 10 connections, its limit/);
  }
  const flood = Array.from({ length: 300 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  assert.equal(await objects[0]?.call('echo', ['fine']), 'fine');
  assert.equal(server.connections, 10);
  for (const socket of flood) socket.destroy();
  await objects.pop()?.close();
  await until(() => server.connections === 9, 'its place is free');
  // One of the flood may have been quicker.
  objects.push(await until(() => connectObject(uri).catch(() => undefined), 'the place is to be had'));
  for (const object of objects) await object.close();
});

test('a client that reads nothing does not fill the memory of the server', async (t) => {
  const { uri, port } = await served(t);
  const call = encodeFrame({
    ...frameOf('invoke'),
    payload: serializers.serpent.encodeCall({ object: 'echo', method: 'big', args: [1_000_000], kwargs: {} }),
  });
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write(
    encodeFrame({
      ...frameOf('connect'),
      payload: serializers.serpent.encode({ handshake: 'hello', object: 'echo' }),
    }),
  );
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  const before = process.memoryUsage().external + process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 1000; i += 1) socket.write(call);
  const object = await connectObject(uri);
  t.after(() => object.close());
  await delay(500);
  assert.equal(await object.call('echo', ['fine']), 'fine');
  const after = process.memoryUsage().external + process.memoryUsage().arrayBuffers;
  assert.ok(after - before < 200e6, `${after - before} bytes more`);
});

test('many clients that read nothing do not fill it either: the one that takes least is ended, and not those that take', async (t) => {
  const { server, uri, port } = await served(t, { maxUntakenBytes: 40_000_000 });
  const object = await connectObject(uri);
  t.after(() => object.close());
  const connecting = encodeFrame({
    ...frameOf('connect'),
    payload: serializers.serpent.encode({ handshake: 'hello', object: 'echo' }),
  });
  const call = encodeFrame({
    ...frameOf('invoke'),
    payload: serializers.serpent.encodeCall({ object: 'echo', method: 'big', args: [1_000_000], kwargs: {} }),
  });
  const greedy = Array.from({ length: 6 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  t.after(() => {
    for (const socket of greedy) socket.destroy();
  });
  for (const socket of greedy) {
    socket.write(connecting);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    for (let i = 0; i < 30; i += 1) socket.write(call);
  }
  await until(() => server.connections < 7, 'the first is ended');
  // Each of the others may have 16 MiB.
  assert.ok(server.connections >= 3);
  assert.equal(await object.call('echo', ['fine']), 'fine');
});

test('a socket file: a leftover is replaced, a living server and any other file are not', async (t) => {
  const directory = workspace(t);
  const path = join(directory, 'x.sock');
  const first = await ObjectServer.listen({ address: { path } });
  await assert.rejects(
    ObjectServer.listen({ address: { path } }),
    coded('pyro/address', /another server answers/),
  );
  await first.close(0);
  await leaveBehind(path);
  const second = await ObjectServer.listen({ address: { path } });
  await second.close(0);
  const file = join(directory, 'file');
  writeFileSync(file, 'precious');
  await assert.rejects(
    ObjectServer.listen({ address: { path: file } }),
    coded('pyro/address', /another file/),
  );
  mkdirSync(join(directory, 'd'.repeat(100)));
  await assert.rejects(
    ObjectServer.listen({ address: { path: join(directory, 'd'.repeat(100), 'x') } }),
    coded('pyro/address', /at most 107 bytes/),
  );
  const taken = await served(t);
  await assert.rejects(
    ObjectServer.listen({ address: { host: '127.0.0.1', port: taken.port } }),
    coded('pyro/address', /EADDRINUSE/),
  );
});

test('nothing is left when all is closed: no socket, no timer', async () => {
  const server = await ObjectServer.listen({ address: LOOPBACK });
  const uri = server.publish(new EchoObject().exposed, 'echo');
  for (let round = 0; round < 3; round += 1) {
    const object = await connectObject(uri, { reconnect: {} });
    await object.iterate('genasync', [3]).next();
    await assert.rejects(object.call('sleep', [5], { timeoutMs: 20 }));
    await object.close();
  }
  await server.close(0);
  assert.equal(server.connections, 0);
  const left = () => process.getActiveResourcesInfo().filter((name) => /^TCP|Timeout/.test(name));
  await until(() => left().length === 0, 'all sockets and timers are gone');
});

function frameOf(type: 'connect' | 'invoke') {
  return {
    version: 4,
    type,
    flags: type === 'connect' ? { metadata: true } : {},
    sequence: type === 'connect' ? 0 : 1,
    serializerId: 1,
    annotations: new Map<string, Uint8Array>(),
  } as const;
}

/** The frame with another message type, and the checksum that belongs to it. */
function withType(frame: Buffer, type: number): Buffer {
  const changed = Buffer.from(frame);
  const difference = type - changed.readUInt16BE(6);
  changed.writeUInt16BE(type, 6);
  changed.writeUInt16BE((changed.readUInt16BE(22) + difference) & 0xffff, 22);
  return changed;
}

/** A socket file whose server was killed. */
async function leaveBehind(path: string): Promise<void> {
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await new Promise((resolve) => spawn(process.execPath, ['-e', code]).once('exit', resolve));
}

/** A server that does to each client what it is told. @returns its port */
async function talking(t: TestContext, talk: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    talk(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function served(
  t: TestContext,
  options: Partial<ObjectServerOptions> = {},
): Promise<{ server: ObjectServer; uri: string; port: number; echo: EchoObject }> {
  const server = await ObjectServer.listen({ address: LOOPBACK, ...options });
  t.after(() => server.close(0));
  const echo = new EchoObject();
  const uri = server.publish(echo.exposed, 'echo');
  return { server, uri, echo, port: (server.address as { port: number }).port };
}
