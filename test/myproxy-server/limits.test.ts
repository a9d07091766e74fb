import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Grid, makeGrid } from '../support/grid.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import {
  readAll,
  requestBytes,
  type SocketServer,
  startSocketServer,
  tlsClient,
} from '../support/socket-server.ts';
import { workspace } from '../support/workspace.ts';

let grid: Grid;
before(async (t) => {
  if (findProgram('openssl') !== undefined)
    grid = await makeGrid(join(workspace(t as unknown as TestContext), 'grid'));
});

const TRUSTROOTS = requestBytes({ command: 'TRUSTROOTS', username: '' });

/** A connection that says nothing. */
async function silent(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Settles when the socket has closed, by a reset or politely. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Waits until no connection is left; the server hears of a close after its client. */
async function settled({ running }: SocketServer): Promise<void> {
  for (let tries = 0; running.connections > 0; tries += 1) {
    assert.ok(tries < 50, `${running.connections} connections are left after 5 s`);
    await delay(100);
  }
}

/** Asks for trust roots and returns the answer. */
async function ask(port: number): Promise<string> {
  const client = await tlsClient(port);
  client.write('0');
  client.write(TRUSTROOTS);
  return readAll(client);
}

test('a thousand silent connections do not keep the next client waiting', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const server = await startSocketServer(t, grid);
  const sockets = await Promise.all(Array.from({ length: 1_000 }, () => silent(server.port)));
  const started = performance.now();
  assert.match(await ask(server.port), /RESPONSE=0/);
  assert.ok(performance.now() - started < 5_000);
  for (const socket of sockets) socket.destroy();
});

test('a client that drips is cut off at its deadline, and delays nobody', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const server = await startSocketServer(t, grid, {
    limits: {
      requestTimeoutSeconds: 1,
      requestSizeBytes: 1 << 20,
      maxConnections: 50,
      maxConnectionsPerAddress: 50,
    },
  });
  const slow = await tlsClient(server.port);
  const closed = closeOf(slow);
  slow.write('0');
  const drip = setInterval(() => slow.write('V'), 50);
  t.after(() => clearInterval(drip));
  await delay(100);
  assert.match(await ask(server.port), /RESPONSE=0/);
  await closed;
  clearInterval(drip);
  const half = await silent(server.port);
  const halfClosed = closeOf(half);
  half.write(Buffer.from('1603010200', 'hex'));
  await halfClosed;
  await settled(server);
});

test('a byte at a time is a request all the same', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const server = await startSocketServer(t, grid);
  const client = await tlsClient(server.port);
  const answer = readAll(client);
  for (const byte of Buffer.concat([Buffer.from('0'), TRUSTROOTS])) {
    client.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.match(await answer, /RESPONSE=0\nTRUSTED_CERTS=/);
});

test('a message that is too long is answered and closed, while it is still being sent', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const server = await startSocketServer(t, grid, {
    limits: {
      requestTimeoutSeconds: 20,
      requestSizeBytes: 10_000,
      maxConnections: 50,
      maxConnectionsPerAddress: 50,
    },
  });
  const client = await tlsClient(server.port);
  const answer = readAll(client);
  client.write('0');
  client.write(`VERSION=MYPROXYv2\nCOMMAND=0\nUSERNAME=${'x'.repeat(300_000)}`);
  assert.match(await answer, /RESPONSE=1\nERROR=Error in myproxy_recv_ex\(\)/);
});

test('what is not TLS, not MyProxy, or the wrong version ends in a close and nothing worse', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const server = await startSocketServer(t, grid);
  const plain = await silent(server.port);
  const plainClosed = closeOf(plain);
  plain.write('GET / HTTP/1.0\r\n\r\n');
  await plainClosed;
  const http = await tlsClient(server.port);
  const httpAnswer = readAll(http);
  http.write('GET / HTTP/1.0\r\n\r\n');
  assert.match(await httpAnswer, /RESPONSE=1/);
  const old = await tlsClient(server.port);
  const oldAnswer = readAll(old);
  old.write('0');
  old.write(TRUSTROOTS.toString().replace('MYPROXYv2', 'MYPROXYv1'));
  assert.match(await oldAnswer, /ERROR=Invalid version number received\./);
  const gone = await silent(server.port);
  gone.resetAndDestroy();
  const leaving = await silent(server.port);
  const left = closeOf(leaving);
  leaving.end();
  await left;
  assert.match(await ask(server.port), /RESPONSE=0/);
  await settled(server);
});

test('more connections than allowed are refused, from one address and in all', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const limits = { requestTimeoutSeconds: 20, requestSizeBytes: 1 << 20 };
  const server = await startSocketServer(t, grid, {
    limits: { ...limits, maxConnections: 3, maxConnectionsPerAddress: 2 },
  });
  const first = [await silent(server.port), await silent(server.port)];
  const started = performance.now();
  await closeOf(await silent(server.port));
  assert.ok(performance.now() - started < 5_000, 'at once, not at its deadline');
  for (const socket of first) socket.destroy();
  await delay(100);
  assert.match(await ask(server.port), /RESPONSE=0/);
});

test('a client that half-closes after its request gets its answer', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const server = await startSocketServer(t, grid);
  const client = await tlsClient(server.port);
  const answer = readAll(client);
  client.write('0');
  client.end(TRUSTROOTS);
  assert.match(await answer, /RESPONSE=0/);
});

/** What a server sends, as it is on the wire; TLS 1.2 shows its record and handshake types. */
async function record(port: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.on('error', () => {});
    far.on('error', () => {});
    far.on('data', (chunk) => chunks.push(chunk));
    far.pipe(near);
    near.pipe(far);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has an address');
  assert.match(await ask(address.port), /RESPONSE=0/);
  proxy.close();
  return Buffer.concat(chunks);
}

test('on the wire: no close_notify, no session ticket, an empty list of authorities, the whole chain', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const server = await startSocketServer(t, grid);
  const bytes = await record(server.port);
  const records: { type: number; body: Buffer }[] = [];
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) {
    records.push({ type: bytes[at] ?? 0, body: bytes.subarray(at + 5, at + 5 + bytes.readUInt16BE(at + 3)) });
  }
  assert.equal(records.at(-1)?.type, 23, 'the last record is data, not an alert');
  const untilCipher = records.slice(
    0,
    records.findIndex(({ type }) => type === 20),
  );
  const handshake = Buffer.concat(untilCipher.filter(({ type }) => type === 22).map(({ body }) => body));
  const messages = new Map<number, Buffer>();
  for (let at = 0; at < handshake.length; at += 4 + handshake.readUIntBE(at + 1, 3)) {
    messages.set(handshake[at] ?? 0, handshake.subarray(at + 4, at + 4 + handshake.readUIntBE(at + 1, 3)));
  }
  assert.equal(messages.has(4), false, 'NewSessionTicket');
  assert.deepEqual(
    messages.get(13)?.subarray(-2),
    Buffer.alloc(2),
    'CertificateRequest ends with no authorities',
  );
  const root = new X509Certificate(readFileSync(grid.ca.certificate));
  assert.ok(messages.get(11)?.includes(root.raw), 'Certificate has the root');
});

test('stopping lets a running conversation end', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const server = await startSocketServer(t, grid);
  const client = await tlsClient(server.port);
  const answer = readAll(client);
  client.write('0');
  client.write(TRUSTROOTS.subarray(0, 20));
  await delay(100);
  const closing = server.running.close(5_000);
  client.write(TRUSTROOTS.subarray(20));
  assert.match(await answer, /RESPONSE=0/);
  await closing;
  assert.match(readFileSync(server.settings.log.file ?? '', 'utf8'), /Received GET TRUSTROOTS request/);
});
