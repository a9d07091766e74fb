import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { boundedFetch, isLatchkeyError } from '../../src/kit/index.ts';
import { machineRoots } from '../../src/kit/machine-roots.ts';
import { type LoopbackCertificate, loopbackCertificate } from '../support/loopback-certificate.ts';
import { workspace } from '../support/workspace.ts';

let certificate: LoopbackCertificate;
let server: Server;
let origin: string;
let connections = 0;

before(async () => {
  certificate = await loopbackCertificate();
  server = createServer({ cert: certificate.certificate, key: certificate.key }, (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'https://localhost');
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      if (pathname === '/redirect') {
        response.writeHead(302, { location: '/echo' });
        response.end();
      } else if (pathname === '/empty') {
        response.writeHead(204);
        response.end();
      } else if (pathname === '/long') response.end('x'.repeat(2_000));
      else {
        response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] });
        const body = Buffer.concat(chunks).toString();
        response.end(JSON.stringify({ method: request.method, headers: request.headers, body }));
      }
    });
  });
  server.on('secureConnection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `https://localhost:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const send = (options = {}) => boundedFetch({ ca: certificate.ca, ...options });

test('a form goes as a form, with its length; no compression is asked for; cookies stay apart', async () => {
  const body = new URLSearchParams({ a: 'ä b' });
  const response = await send()(`${origin}/echo?q=1`, { method: 'POST', body });
  const said = (await response.json()) as { method: string; body: string; headers: Record<string, string> };
  assert.equal(said.method, 'POST');
  assert.equal(said.body, 'a=%C3%A4+b');
  assert.equal(said.headers['content-type'], 'application/x-www-form-urlencoded;charset=UTF-8');
  assert.equal(said.headers['content-length'], '10');
  assert.equal(said.headers['accept-encoding'], undefined);
  assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
});

test('requests after another share a connection', async () => {
  const fetch = send();
  const before = connections;
  for (let i = 0; i < 5; i++) await (await fetch(`${origin}/echo`)).text();
  assert.equal(connections - before, 1);
});

test('a redirect is an answer like any other; an answer may have no body', async () => {
  const response = await send()(`${origin}/redirect`);
  assert.deepEqual([response.status, response.headers.get('location')], [302, '/echo']);
  const empty = await send()(`${origin}/empty`);
  assert.deepEqual([empty.status, await empty.text()], [204, '']);
});

test('the bound on bodies counts to the byte', async () => {
  assert.equal((await (await send({ maxBytes: 2_000 })(`${origin}/long`)).text()).length, 2_000);
  await assert.rejects(send({ maxBytes: 1_999 })(`${origin}/long?planted-query`), (error) => {
    assert.ok(isLatchkeyError(error, 'http/too-large'));
    assert.equal(inspect(error).includes('planted-query'), false);
    return true;
  });
});

test('a certificate is checked, unless somebody dangerously wants none checked', async () => {
  const other = await loopbackCertificate();
  await assert.rejects(boundedFetch({ ca: other.ca })(`${origin}/echo`), { code: 'http/tls' });
  const blind = boundedFetch({ dangerouslySkipTlsVerify: true });
  assert.equal((await blind(`${origin}/empty`)).status, 204);
});

test('plain http reaches the loopback address only, and only when it is switched on', async (t) => {
  const plain = createHttpServer((_, response) => response.end('plain'));
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    plain.closeAllConnections();
    plain.close();
  });
  const url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}/`;
  await assert.rejects(send()(url), { code: 'http/insecure' });
  const open = send({ dangerouslyAllowHttp: true });
  assert.equal(await (await open(url)).text(), 'plain');
  for (const elsewhere of [
    'http://192.0.2.1/',
    'http://localhost.example/',
    'http://127.0.0.1.example/',
    'file:///x',
  ])
    await assert.rejects(open(elsewhere), { code: 'http/insecure' }, elsewhere);
});

test('a signal that is aborted already sends nothing', async () => {
  const reason = new Error('never mind');
  const aborted = send()(`${origin}/echo`, { signal: AbortSignal.abort(reason) });
  await assert.rejects(aborted, (error) => error === reason);
});

test("the machine's roots: SSL_CERT_FILE instead of them, NODE_EXTRA_CA_CERTS besides", (t) => {
  const file = join(workspace(t), 'ca.pem');
  writeFileSync(file, certificate.ca);
  assert.deepEqual(machineRoots({ SSL_CERT_FILE: file }), [certificate.ca]);
  const usual = machineRoots({});
  assert.ok(usual.length > 0);
  assert.deepEqual(machineRoots({ NODE_EXTRA_CA_CERTS: file }), [...usual, certificate.ca]);
  assert.deepEqual(machineRoots({ NODE_EXTRA_CA_CERTS: `${file}.missing` }), usual);
});

test('whatever bytes come instead of HTTP, the request ends, in an answer or an error of ours', async (t) => {
  let answer: Buffer = Buffer.alloc(0);
  const raw = createTlsServer({ cert: certificate.certificate, key: certificate.key }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  t.after(() => raw.close());
  const url = `https://localhost:${(raw.address() as AddressInfo).port}/`;
  const piece = fc.constantFrom(
    ...[
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 99 \r\n',
      'HTTP/1.1 101 Switching\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
    ],
    ...[
      'HTTP/1.1 600 Odd\r\n',
      'Content-Length: 5\r\n',
      'Content-Length: -1\r\n',
      'Transfer-Encoding: chunked\r\n',
    ],
    ...[
      'Upgrade: websocket\r\nConnection: upgrade\r\n',
      'X: \u0000\r\n',
      'X: \u00ff\r\n',
      ': \r\n',
      '\r\n',
      '5\r\nhello\r\n0\r\n\r\n',
    ],
    ...['hello', `X: ${'y'.repeat(20_000)}\r\n`],
  );
  const bytes = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.from(pieces.join(''), 'latin1')),
    fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
  );
  const fetch = send({ timeoutMs: 10_000 });
  await fc.assert(
    fc.asyncProperty(bytes, async (sent) => {
      answer = sent;
      await fetch(url).then(
        (response) => assert.ok(response.status >= 200),
        (error) => assert.ok(isLatchkeyError(error), inspect(error)),
      );
    }),
    { seed: 7, numRuns: 300 },
  );
});
