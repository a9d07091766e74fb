import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findProgram, havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { logIn } from './login-steps.ts';
import { freePort, startWebWorld, type WebWorld } from './web-world.ts';

/** nginx with TLS in front of the page's socket, which it reaches below `/condor`. */
async function startNginx(
  t: TestContext,
  { port, socket, keepsPrefix }: { port: number; socket: string; keepsPrefix: boolean },
  certificate: { certificate: string; key: string },
): Promise<void> {
  const home = workspace(t);
  mkdirSync(join(home, 'tmp'));
  writeFileSync(join(home, 'cert.pem'), certificate.certificate);
  writeFileSync(join(home, 'key.pem'), certificate.key, { mode: 0o600 });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${home}/tmp/${name};`)
    .join(' ');
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off; pid ${home}/nginx.pid; error_log ${home}/error.log; worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 64; }
http { access_log off; ${temporary}
  server { listen 127.0.0.1:${port} ssl; ssl_certificate ${home}/cert.pem; ssl_certificate_key ${home}/key.pem;
    location /condor/ { proxy_pass http://unix:${socket}:${keepsPrefix ? '' : '/'};
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } } }
`,
  );
  const child: ChildProcess = spawn(
    findProgram('nginx') ?? 'nginx',
    ['-c', join(home, 'nginx.conf'), '-p', home],
    {
      stdio: 'ignore',
    },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isOpen(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx did not start');
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

for (const keepsPrefix of [true, false]) {
  test(`behind nginx below a path, which it ${keepsPrefix ? 'keeps' : 'takes away'}`, async (t) => {
    if (!havePeers(t, 'nginx')) return;
    const proxyPort = await freePort();
    const socket = join(workspace(t), 'web.sock');
    const world: WebWorld = await startWebWorld(t, {
      path: '/condor',
      proxyPort,
      web: { listen: { socket }, tls: undefined, behindProxy: true },
    });
    assert.equal(world.address, socket);
    await startNginx(t, { port: proxyPort, socket, keepsPrefix }, world.server.certificate);
    const key = world.request({});
    const browser = world.browser();
    const page = await browser.open(`${world.prefix}/key/${key}`);
    assert.equal(page.status, 200);
    const style = /href="([^"]+style\.css)"/.exec(page.text)?.[1] ?? '';
    assert.equal((await browser.open(new URL(style, page.url).href)).status, 200);
    const confirm = await logIn(world, browser, key, 'mytokens');
    assert.match(confirm.text, /Use this login for alice/);
    const done = await browser.submit(confirm, {}, { form: '/confirm/', button: 'store' });
    assert.match(done.text, /Submit your job again/);
    assert.ok(existsSync(join(world.directory, 'alice/mytokens.top')));
    assert.deepEqual(
      browser.cookies.filter(({ name }) => name.includes('latchkey')).map(({ name, path }) => [name, path]),
      [['__Secure-latchkey', '/condor']],
    );
    const keys = await browser.open(`${world.prefix}/.well-known/openid-configuration`);
    assert.equal((JSON.parse(keys.text) as { issuer: string }).issuer, world.prefix);
    // Wrong codes are counted for the browser behind the proxy, whatever it says of itself.
    const guess = (address: string): Promise<Response> =>
      world.fetch(`${world.prefix}/api/v1/sessions`, {
        method: 'POST',
        body: JSON.stringify({ code: 'AAAA-AAAA' }),
        headers: { 'x-latchkey-request': '1', 'x-forwarded-for': address },
      });
    const statuses: number[] = [];
    for (let round = 0; round < 12; round += 1) statuses.push((await guess(`192.0.2.${round}`)).status);
    assert.deepEqual(new Set(statuses.slice(0, 10)), new Set([403]));
    assert.deepEqual(new Set(statuses.slice(10)), new Set([429]));
  });
}

test('plain HTTP is for this machine only', async (t) => {
  await assert.rejects(
    startWebWorld(t, { web: { listen: { host: '0.0.0.0', port: 0 }, tls: undefined } }),
    /without TLS/,
  );
});
