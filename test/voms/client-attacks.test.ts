import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import {
  type AttributeCertificateFields,
  issueAttributeCertificate,
  loadVomsDirectory,
  type ObtainOptions,
  obtainAttributes,
} from '../../src/voms/index.ts';
import { type Credential, keySigner, loadTrustDirectory, parseCredential } from '../../src/x509/index.ts';
import { type Grid, type GridIdentity, makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { makeSite } from '../support/voms-site.ts';
import { endsWith, workspace } from '../support/workspace.ts';

const HOUR_MS = 3_600_000;

async function credentialOf({ certificate, key }: GridIdentity): Promise<Credential> {
  return await parseCredential(`${readFileSync(certificate, 'utf8')}\n${readFileSync(key, 'utf8')}`);
}

/** A server that answers every request as it likes. */
async function hostileServer(
  t: TestContext,
  grid: Grid,
  answer: (socket: TLSSocket, request: string) => void,
  identity: GridIdentity = grid.host,
): Promise<number> {
  const server = createServer(
    {
      cert: readFileSync(identity.certificate),
      key: readFileSync(identity.key),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (socket) => {
      socket.on('error', () => {});
      socket.once('data', (chunk: Buffer) => answer(socket, chunk.toString('latin1')));
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const open = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => open.add(socket));
  endsWith(t, grid.directory, async () => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

interface World {
  readonly grid: Grid;
  attributes(more?: Partial<AttributeCertificateFields>): Promise<Buffer>;
  obtain(port: number, more?: Partial<ObtainOptions>): ReturnType<typeof obtainAttributes>;
}

async function setUp(t: TestContext, { lsc = true } = {}): Promise<World | undefined> {
  if (!havePeers(t, 'openssl')) return undefined;
  const grid = await makeGrid(workspace(t));
  const { vomsDirectory } = makeSite(grid, 1);
  const [jane, host] = [await credentialOf(grid.user), await credentialOf(grid.host)];
  const [trust, directory] = [
    await loadTrustDirectory(grid.trustDirectory),
    await loadVomsDirectory(vomsDirectory),
  ];
  const [holder, issuer] = [jane.chain[0], host.chain[0]];
  assert.ok(holder && issuer);
  return {
    grid,
    attributes: async (more = {}) => {
      const made = await issueAttributeCertificate({
        holder,
        issuer: [issuer],
        signer: keySigner(host.privateKey),
        vo: 'testvo',
        host: 'localhost',
        port: 15_000,
        fqans: ['/testvo/Role=NULL/Capability=NULL'],
        notBefore: new Date(Date.now() - 300_000),
        notAfter: new Date(Date.now() + HOUR_MS),
        ...more,
      });
      return made.der;
    },
    obtain: (port, more = {}) =>
      obtainAttributes({
        servers: [{ alias: 'testvo', host: 'localhost', port, dn: grid.host.dn, vo: 'testvo' }],
        request: { fqans: ['/testvo'], order: [], targets: [], lifetimeSeconds: 3_600 },
        credential: jane,
        trust,
        ...(lsc ? { vomsDirectory: directory } : {}),
        timeoutMs: 10_000,
        ...more,
      }),
  };
}

function rest(der: Buffer): string {
  const body = `<?xml version="1.0"?><voms><ac>${der.toString('base64')}</ac></voms>`;
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

for (const lsc of [true, false]) {
  test(`attributes that are not ours, or not from this organisation's server, are not used (LSC file: ${lsc})`, async (t) => {
    const world = await setUp(t, { lsc });
    if (world === undefined) return;
    const { grid, attributes, obtain } = world;
    let der = await attributes();
    const port = await hostileServer(t, grid, (socket) => socket.end(rest(der)));
    assert.equal((await obtain(port)).protocol, 'rest');

    const [robot, mallory] = [
      await credentialOf(grid.robot),
      await credentialOf(await grid.issue('mallory')),
    ];
    const [robotCertificate, malloryCertificate] = [robot.chain[0], mallory.chain[0]];
    assert.ok(robotCertificate && malloryCertificate);
    const past = { notBefore: new Date(Date.now() - 9 * HOUR_MS), notAfter: new Date(Date.now() - HOUR_MS) };
    const cases: readonly (readonly [Partial<AttributeCertificateFields>, RegExp])[] = [
      [{ holder: robotCertificate }, /it is for the certificate with the serial number/],
      [{ issuer: [malloryCertificate], signer: keySigner(mallory.privateKey) }, /is not used/],
      [{ signer: keySigner(mallory.privateKey) }, /its signature is not that of/],
      [{ vo: 'othervo', fqans: ['/othervo'] }, /the attributes are of "othervo", not of "testvo"/],
      [past, /have expired/],
    ];
    for (const [fields, message] of cases) {
      der = await attributes(fields);
      await assert.rejects(obtain(port), { code: 'voms/attributes-refused', message }, String(message));
    }
    der = await attributes();
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    await assert.rejects(obtain(port), { code: 'voms/attributes-refused' });
    der = Buffer.alloc(300, 0x30);
    await assert.rejects(obtain(port), { code: 'voms/malformed' });
  });
}

test('a server with another certificate than the vomses line says is told nothing', async (t) => {
  const world = await setUp(t);
  if (world === undefined) return;
  const { grid, attributes, obtain } = world;
  let wasAsked = false;
  const der = await attributes();
  const answer = (socket: TLSSocket): void => {
    wasAsked = true;
    socket.end(rest(der));
  };
  const wrongName = await hostileServer(t, grid, answer, await grid.issue('evil'));
  await assert.rejects(obtain(wrongName), {
    code: 'voms/server-identity',
    message: /is "\/O=Grid\/OU=Test\/CN=evil"/,
  });
  const other = await makeGrid(`${grid.directory}/other`);
  const untrusted = await hostileServer(t, grid, answer, other.host);
  await assert.rejects(obtain(untrusted), { code: 'voms/server-identity', message: /is not trusted/ });
  assert.equal(wasAsked, false);
});

test('answers without end, slow ones, and none at all end within their bounds', async (t) => {
  const world = await setUp(t);
  if (world === undefined) return;
  const { grid, obtain } = world;
  const endless = await hostileServer(t, grid, (socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536)));
    };
    socket.on('drain', more);
    more();
  });
  await assert.rejects(obtain(endless), { code: 'voms/answer', message: /more than 1048576 bytes/ });
  const silent = await hostileServer(t, grid, () => {});
  await assert.rejects(obtain(silent, { timeoutMs: 300 }), { code: 'voms/timed-out', retryable: true });
  const dripping = await hostileServer(t, grid, (socket) => {
    const timer = setInterval(() => socket.write('H'), 20);
    socket.once('close', () => clearInterval(timer));
  });
  await assert.rejects(obtain(dripping, { timeoutMs: 300 }), { code: 'voms/timed-out' });
  const closing = await hostileServer(t, grid, (socket) => socket.destroy());
  await assert.rejects(obtain(closing), /voms\/|localhost/);
  const abort = new AbortController();
  const given = obtain(silent, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await assert.rejects(given, { message: 'enough' });
});

test('a REST answer that gives neither attributes nor a reason is asked for again by the older interface', async (t) => {
  const world = await setUp(t);
  if (world === undefined) return;
  const { grid, obtain } = world;
  const port = await hostileServer(t, grid, (socket, request) => {
    if (request.startsWith('GET ')) {
      socket.end('HTTP/1.1 500 Oops\r\n\r\n<voms><warning>shortened</warning></voms>');
      return;
    }
    const item = '<item><number>1001</number><message>testvo: Unable to satisfy it</message></item>';
    socket.end(`<vomsans><version>3</version><error>${item}</error><ac>QQ==\n</ac></vomsans>`);
  });
  await assert.rejects(obtain(port), { code: 'voms/bad-request', message: /Unable to satisfy it/ });
});

test('when one server fails another is asked, and when all fail every reason is told', async (t) => {
  const world = await setUp(t);
  if (world === undefined) return;
  const { grid, attributes, obtain } = world;
  const der = await attributes();
  const good = await hostileServer(t, grid, (socket) => socket.end(rest(der)));
  const bad = await hostileServer(t, grid, (socket) =>
    socket.end(
      'HTTP/1.1 403 no\r\n\r\n<voms><error><code>NoSuchUser</code><message>User unknown</message></error></voms>',
    ),
  );
  const server = (port: number) => ({
    alias: 'testvo',
    host: 'localhost',
    port,
    dn: grid.host.dn,
    vo: 'testvo',
  });
  for (const random of [() => 0, () => 0.99]) {
    const { server: used } = await obtain(0, { servers: [server(1), server(bad), server(good)], random });
    assert.equal(used.port, good);
  }
  await assert.rejects(obtain(0, { servers: [server(1), server(bad)] }), (error: Error) => {
    assert.match(error.message, /none of the 2 servers of "testvo" gave attributes: /);
    assert.match(error.message, /localhost:1: cannot connect: connection refused/);
    assert.match(error.message, new RegExp(`localhost:${bad} refused: User unknown`));
    return 'code' in error && error.code === 'voms/no-such-user';
  });
});
