import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { boundedFetch, runProgram } from '../../src/kit/index.ts';
import { startAuthorizationServer } from '../support/authorization-server.ts';
import { until } from '../support/credential-directory.ts';
import { startCredmonProcess } from '../support/credmon-process.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { plainBrowser } from '../support/plain-browser.ts';
import { workspace } from '../support/workspace.ts';
import { logIn } from './login-steps.ts';
import { freePort, writeRequest } from './web-world.ts';

test('the monitor of an HTCondor configuration serves its page; the command line proves who somebody is', async (t) => {
  if (!havePeers(t, 'getent')) return;
  const me = userInfo().username;
  const server = await startAuthorizationServer();
  t.after(() => server.close());
  const base = workspace(t);
  const prefix = `https://localhost:${await freePort()}`;
  const place = (name: string, contents: string): string => {
    writeFileSync(join(base, name), contents, { mode: 0o600 });
    return join(base, name);
  };
  const signIn = join(base, 'run/sign-in');
  const monitor = startCredmonProcess(t, {
    base,
    config: [
      `CREDMON_WEB_PREFIX = ${prefix}`,
      `LOCAL_CREDMON_ISSUER = ${prefix}`,
      `LATCHKEY_CREDMON_STATE = ${base}/state`,
      `LATCHKEY_WEB_LISTEN = 127.0.0.1:${new URL(prefix).port}`,
      `LATCHKEY_WEB_CERTIFICATE = ${place('web.pem', server.certificate.certificate)}`,
      `LATCHKEY_WEB_KEY = ${place('web.key', server.certificate.key)}`,
      `LATCHKEY_WEB_SIGN_IN_DIRECTORY = ${signIn}`,
      `mytokens_CLIENT_ID = ${server.client('post').clientId}`,
      `mytokens_CLIENT_SECRET_FILE = ${place('secret', `${server.clientSecret('post')}\n`)}`,
      `mytokens_ISSUER = ${server.issuer}`,
      `mytokens_CA_FILE = ${place('ca.pem', server.ca)}`,
    ],
  });
  await monitor.complete();
  await until(() => /WEB: page of .* served on/.test(monitor.log()), 'the page');

  const fetching = boundedFetch({ ca: server.ca });
  const browser = plainBrowser(fetching);
  const key = writeRequest(monitor.path, prefix, server, [{ user: me, handle: 'read' }]);
  const confirm = await logIn({ prefix }, browser, key, 'mytokens read', { user: 'me@idp' });
  const done = await browser.submit(confirm, {}, { form: '/confirm/', button: 'store' });
  assert.match(done.text, /Submit your job again/);
  assert.match(
    readFileSync(join(monitor.path, me, 'mytokens_read.top'), 'utf8'),
    /latchkey-sealed:/,
    'the refresh token is sealed',
  );

  mkdirSync(join(monitor.path, 'alice'), { mode: 0o700 });
  writeFileSync(join(monitor.path, 'alice/scitokens.top'), 'alice@foo', { mode: 0o600 });
  monitor.child.kill('SIGHUP');
  await until(() => existsSync(join(monitor.path, 'alice/scitokens.use')), '.use');

  const env = { PATH: process.env.PATH ?? '', CONDOR_CONFIG: join(base, 'condor_config') };
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(process.execPath, [latchkeyExecutable, ...args], {
      env,
    });
    assert.equal(code, 0, stderr.toString());
    return stdout.toString();
  };
  const [code = '', where = ''] = (await run('web', 'code', '--directory', signIn)).split('\n');
  assert.ok(where.includes(`${prefix}/sign-in`), where);
  const mine = await browser.submit(await browser.open(`${prefix}/sign-in`), { code });
  assert.match(mine.text, /aria-label="mytokens_read"/);
  assert.doesNotMatch(mine.text, /scitokens/, 'that is alice’s');

  assert.match(await run('web', 'accounts'), new RegExp(`${me} +mytokens +me@idp`));
  assert.match(await run('web', 'forget-account', me), /may log in with another account/);
  assert.match(await run('web', 'accounts'), /nobody has logged in yet/);

  const keys = (await (await fetching(`${prefix}/.well-known/jwks.json`)).json()) as { keys: unknown[] };
  assert.equal(keys.keys.length, 1);
  const all = (await askSocket(join(base, 'state/web.sock'), '/api/v1/credentials')) as {
    credentials: { id: string }[];
  };
  assert.deepEqual(
    all.credentials.map(({ id }) => id).sort(),
    ['alice/scitokens', `${me}/mytokens_read`].sort(),
  );
  assert.deepEqual(
    readdirSync(monitor.path).sort(),
    ['CREDMON_COMPLETE', 'alice', me, 'pid', 'wsgi_session_key'].sort(),
  );
});

test('a page that cannot be opened is told, and the tokens go on', async (t) => {
  const base = workspace(t);
  const monitor = startCredmonProcess(t, {
    base,
    config: [
      'LATCHKEY_WEB_LISTEN = 192.0.2.1:8443',
      'CREDMON_WEB_PREFIX = https://ap.example',
      `LATCHKEY_WEB_SIGN_IN_DIRECTORY = ${base}/nowhere/sign-in`,
    ],
  });
  await monitor.complete();
  await until(() => /WEB: no page is served: .*without TLS/.test(monitor.log()), 'the reason');
  mkdirSync(join(monitor.path, 'alice'), { mode: 0o700 });
  writeFileSync(join(monitor.path, 'alice/scitokens.top'), 'alice@foo', { mode: 0o600 });
  monitor.child.kill('SIGHUP');
  await until(() => existsSync(join(monitor.path, 'alice/scitokens.use')), '.use');
});

function askSocket(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, path, headers: { host: 'monitor' } }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.once('end', () => resolve(JSON.parse(text)));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}
