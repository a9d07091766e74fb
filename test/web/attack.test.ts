import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { listenWeb } from '../../src/daemon/web/web-listener.ts';
import { loopbackCertificate } from '../support/loopback-certificate.ts';
import { workspace } from '../support/workspace.ts';
import { startWebWorld, type WebWorld } from './web-world.ts';

/** Sends bytes as they are; what came back until the server closed. */
function raw(world: WebWorld, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(world.address);
    const socket = connect({
      host: '127.0.0.1',
      port: Number(port),
      ca: world.server.ca,
      servername: 'localhost',
    });
    let answer = '';
    socket.setTimeout(20_000, () => socket.destroy(new Error('no end')));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.write(bytes, 'latin1');
  });
}

const get = (target: string, more = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${more}Connection: close\r\n\r\n`;

test('targets, hosts and headers that no browser sends', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({});
  const targets = [
    '//evil.example/',
    '///evil.example/%2e%2e',
    '/\\evil.example',
    '/key/..%2f..%2fwsgi_session_key',
    `/key/${key}%2f..%2f`,
    `/key/${key}/login/..%2f..`,
    '/assets/..%2f..%2fetc/passwd',
    '/credentials/%00/x/revoke',
    '/credentials/%E0%A4%A/x/revoke',
    '/%zz',
    '/return/mytokens?state=%00&code=<script>',
    '/return/mytokens?state=x&error=access_denied&error_description=<script>alert(1)</script>',
    '/.well-known/../metrics',
    '/metrics/.well-known/x',
    'http://evil.example/sign-in',
    'http://evil.example:99999/',
    '*',
    'localhost:443',
  ];
  for (const target of targets) {
    const answer = await raw(world, get(target));
    const [status = '0'] = /(?<=^HTTP\/1\.1 )\d{3}/.exec(answer) ?? [];
    assert.ok(['200', '303', '400', '403', '404'].includes(status), `${target}: ${answer.slice(0, 300)}`);
    assert.doesNotMatch(answer, /location:.*evil/i, target);
    assert.doesNotMatch(answer, /<script/i, target);
    assert.doesNotMatch(answer, /root:x:/, target);
  }
  for (const host of ['evil.example', 'localhost:1', 'a/b', 'a@b', '', 'evil.example/?x', '[::1', 'a b']) {
    const answer = await raw(
      world,
      `GET /key/${key} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 (200|400) /, host);
    assert.doesNotMatch(answer, /evil/, host);
  }
  assert.doesNotMatch(world.log.join('\n'), /unexpected|TypeError|Invalid URL/);
});

test('bodies that two servers would read differently are refused', async (t) => {
  const world = await startWebWorld(t);
  const bodies = [
    'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n',
    'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde',
    'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
    'Content-Length: +4\r\n\r\nabcd',
  ];
  for (const body of bodies) {
    const answer = await raw(world, `POST /sign-in HTTP/1.1\r\nHost: localhost\r\n${body}`);
    assert.match(answer, /^HTTP\/1\.1 400 /, body);
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, body);
  }
});

test('bodies of unknown length are read and bounded; methods that nobody serves get a page like any other', async (t) => {
  const world = await startWebWorld(t);
  const post = (path: string, more: string, ...chunks: string[]): Promise<string> =>
    raw(
      world,
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n${more}\r\n${chunks
        .map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
        .join('')}0\r\n\r\n`,
    );
  const json = 'Content-Type: application/json\r\nX-Latchkey-Request: 1\r\n';
  const answered = await post('/api/v1/sessions', json, '{"code":', '"AAAA-AAAA"}');
  assert.match(answered, /^HTTP\/1\.1 403 /);
  assert.match(answered, /this code is not valid/);
  assert.match(await post('/sign-in', '', 'a=b'), /^HTTP\/1\.1 403 /);
  assert.match(await post('/sign-in', '', ...Array<string>(3).fill('a'.repeat(8_000))), /^HTTP\/1\.1 413 /);
  for (const method of ['OPTIONS', 'DELETE', 'PUT', 'PATCH', 'PROPFIND', 'TRACE']) {
    for (const path of ['/sign-in', '/api/v1/credentials', '/metrics', '/.well-known/jwks.json']) {
      const answer = await raw(
        world,
        `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      assert.match(answer, /^HTTP\/1\.1 404 /, `${method} ${path}`);
      assert.match(answer, /content-security-policy: default-src 'none'/i, `${method} ${path}`);
    }
  }
  assert.doesNotMatch(world.log.join('\n'), /error WEB/);
});

test('a stranger’s header is no address, and no peer', async (t) => {
  const world = await startWebWorld(t);
  for (let round = 0; round < 10; round += 1) {
    const body = '{"code":"AAAA-AAAA"}';
    const answer = await raw(
      world,
      `POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nX-Latchkey-Request: 1\r\nX-Forwarded-For: 192.0.2.${round}\r\nX-Real-IP: 192.0.2.${round}\r\nForwarded: for=192.0.2.${round}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    assert.match(answer, /^HTTP\/1\.1 403 /);
  }
  const body = '{"code":"AAAA-AAAA"}';
  const last = await raw(
    world,
    `POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nX-Latchkey-Request: 1\r\nX-Forwarded-For: 192.0.2.99\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  assert.match(last, /^HTTP\/1\.1 429 /);
});

test('one machine that opens connections and says nothing does not keep others away', async (t) => {
  const world = await startWebWorld(t);
  const port = Number(new URL(world.address).port);
  const idle = Array.from({ length: 1_100 }, () => connectPlain(port, '127.0.0.1').on('error', () => {}));
  t.after(() => {
    for (const socket of idle) socket.destroy();
  });
  // A hundred find no room anyway; the others are refused for being too many from one place.
  await new Promise<void>((resolve) => {
    let refused = 0;
    const onClose = (): void => {
      refused += 1;
      if (refused === 900) resolve();
    };
    for (const socket of idle) socket.once('close', onClose);
  });
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect({
      socket: connectPlain({ host: '127.0.0.1', port, localAddress: '127.0.0.2' }),
      ca: world.server.ca,
      servername: 'localhost',
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', reject).on('close', () => resolve(text));
    socket.write(get('/healthz'));
  });
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test('old TLS is not spoken, and no answer comes in plain', async (t) => {
  const world = await startWebWorld(t);
  const port = Number(new URL(world.address).port);
  await assert.rejects(
    new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca: world.server.ca,
        servername: 'localhost',
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      socket.on('secureConnect', resolve).on('error', reject);
    }),
  );
  const plain = await new Promise<string>((resolve) => {
    const socket = connectPlain(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    socket.write(get('/'));
  });
  assert.doesNotMatch(plain, /HTTP\/1\.1 200/);
});

test('a certificate that is half renewed leaves the old one in use, and is told', async (t) => {
  const home = workspace(t);
  const [one, other] = await Promise.all([loopbackCertificate(), loopbackCertificate()]);
  const write = (name: string, text: string): string => {
    writeFileSync(join(home, name), text, { mode: 0o600 });
    return join(home, name);
  };
  const tls = {
    certificateFile: write('web.pem', one.certificate),
    keyFile: write('web.key', one.key),
  };
  const log: string[] = [];
  const app = { fetch: async () => new Response('here\n'), tidy: () => {}, close: async () => {} };
  const listener = await listenWeb(app, {
    listen: { host: '127.0.0.1', port: 0 },
    tls,
    behindProxy: false,
    log: (line) => void log.push(line),
  });
  t.after(() => listener.close());
  const issuerSeen = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: Number(new URL(listener.address).port),
        rejectUnauthorized: false,
      });
      socket.on('error', reject).on('secureConnect', () => {
        const { fingerprint256 } = socket.getPeerCertificate();
        socket.destroy();
        resolve(fingerprint256);
      });
    });
  const before = await issuerSeen();
  write('web.pem', other.certificate);
  await listener.renewCertificate();
  assert.equal(await issuerSeen(), before);
  assert.match(log.join('\n'), /certificate/);
  write('web.key', other.key);
  await listener.renewCertificate();
  assert.notEqual(await issuerSeen(), before);
});
