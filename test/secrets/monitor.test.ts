import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { boundedFetch, runProgram } from '../../src/kit/index.ts';
import { startAuthorizationServer } from '../support/authorization-server.ts';
import { canaries, processesSeen, secretsBelow } from '../support/canaries.ts';
import { until } from '../support/credential-directory.ts';
import { startCredmonProcess } from '../support/credmon-process.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { plainBrowser } from '../support/plain-browser.ts';
import { workspace } from '../support/workspace.ts';
import { logIn } from '../web/login-steps.ts';
import { freePort, writeRequest } from '../web/web-world.ts';
import { startEchoingServer } from './echoing-server.ts';

/** What a server that talks too much is asked for, one provider each. */
const ECHOES = ['grant', 'html', 'moved', 'challenge', 'torn', 'wrong'];

/** Files whose purpose is to hold a secret. */
const HOLDERS = /(\.top|\.use|\.meta|\.pem|\.key|\.secret|^wsgi_session_key|^[0-9a-f]{64}|^hook-token)$/;

test('no secret in any log, page, answer, output, process list, file name or other file: success and every failure', {
  timeout: 120_000,
}, async (t) => {
  const secrets = canaries();
  const server = await startAuthorizationServer({ accessTokenSeconds: 60 });
  t.after(() => server.close());
  const echo = await startEchoingServer(t, server.certificate);
  secrets.register('client secret of the server', server.clientSecret('post'));
  const base = workspace(t);
  const place = (name: string, contents: string): string => {
    writeFileSync(join(base, name), contents, { mode: 0o600 });
    return join(base, name);
  };
  const ca = place('ca.pem', server.ca);
  const hookProgram = place(
    'hook.sh',
    `#!/bin/sh\ncat >> ${base}/hook.events\nenv >> ${base}/hook.env\necho "$0 $*" >> ${base}/hook.args\n`,
  );
  chmodSync(hookProgram, 0o755);
  const prefix = `https://localhost:${await freePort()}`;
  const statusPort = await freePort();
  const monitor = startCredmonProcess(t, {
    base,
    args: ['-d', '-v'],
    env: {
      CONDOR_INHERIT: '4711 <127.0.0.1:9618> 0 0',
      CONDOR_PRIVATE_INHERIT: `SessionKey:${secrets.plant('session key of condor_master')}`,
      NODE_DEBUG: '',
    },
    config: [
      `CREDMON_WEB_PREFIX = ${prefix}`,
      `LATCHKEY_CREDMON_STATE = ${base}/state`,
      `LATCHKEY_WEB_LISTEN = 127.0.0.1:${new URL(prefix).port}`,
      `LATCHKEY_WEB_CERTIFICATE = ${place('web.pem', server.certificate.certificate)}`,
      `LATCHKEY_WEB_KEY = ${place('web.key', server.certificate.key)}`,
      `LATCHKEY_WEB_SIGN_IN_DIRECTORY = ${base}/sign-in`,
      `LATCHKEY_CREDMON_STATUS_LISTEN = 127.0.0.1:${statusPort}`,
      `LATCHKEY_CREDMON_HOOK_COMMAND = ${hookProgram} told`,
      `LATCHKEY_CREDMON_HOOK_URL = ${echo.origin}/hook`,
      `LATCHKEY_CREDMON_HOOK_TOKEN_FILE = ${place('hook-token', secrets.plant('token of the webhook'))}`,
      `LATCHKEY_CREDMON_HOOK_CA_FILE = ${ca}`,
      'LATCHKEY_CREDMON_HOOK_ON = renewed failed expiring',
      `mytokens_CLIENT_ID = ${server.client('post').clientId}`,
      `mytokens_CLIENT_SECRET_FILE = ${place('mytokens.secret', `${server.clientSecret('post')}\n`)}`,
      `mytokens_ISSUER = ${server.issuer}`,
      `mytokens_CA_FILE = ${ca}`,
      ...ECHOES.flatMap((name) => [
        `${name}_CLIENT_ID = ap1`,
        `${name}_CLIENT_SECRET_FILE = ${place(`${name}.secret`, secrets.plant(`client secret of ${name}`))}`,
        `${name}_TOKEN_URL = ${echo.origin}/${name}`,
        `${name}_AUTHORIZATION_URL = ${echo.origin}/authorize`,
        `${name}_CA_FILE = ${ca}`,
      ]),
      'CLIENT_CREDMON_PROVIDER_NAMES = robots',
      'CLIENT_CREDMON_robots_CLIENT_ID = robot',
      `CLIENT_CREDMON_robots_CLIENT_SECRET_FILE = ${place('robots.secret', secrets.plant('client secret of robots'))}`,
      `CLIENT_CREDMON_robots_TOKEN_URL = ${echo.origin}/challenge`,
      'PELICAN_CREDMON_PROVIDER_NAMES = pelican',
      `pelican_TOKEN_URL = ${echo.origin}/grant`,
      `PELICAN_CREDMON_CA_FILE = ${ca}`,
    ],
  });
  const seen: { readonly where: string; readonly text: string }[] = [];
  const watching = setInterval(() => {
    for (const { pid, text } of processesSeen(monitor.child.pid ?? 0)) {
      // The kernel shows a process's first environment to its owner for ever; the session key is deleted from it at
      // the start, and none of its children may have it.
      const except = pid === monitor.child.pid ? ['session key of condor_master'] : [];
      const found = secrets.foundExcept(text, except);
      if (found.length > 0) seen.push({ where: `/proc/${pid}`, text });
    }
  }, 15);
  t.after(() => clearInterval(watching));
  await monitor.complete();
  await until(() => /WEB: page of .* served on/.test(monitor.log()), 'the page');

  const put = (user: string, name: string, contents: string): void => {
    mkdirSync(join(monitor.path, user), { recursive: true, mode: 0o700 });
    writeFileSync(join(monitor.path, user, `${name}.tmp`), contents, { mode: 0o600 });
    renameSync(join(monitor.path, user, `${name}.tmp`), join(monitor.path, user, name));
  };
  const login = (user: string, stem: string, tokenUrl: string): void => {
    put(
      user,
      `${stem}.meta`,
      JSON.stringify({
        client_id: 'ap1',
        client_secret: secrets.plant(`client secret in the .meta of ${stem}`),
        token_url: tokenUrl,
        use_refresh_token: true,
      }),
    );
    put(
      user,
      `${stem}.use`,
      JSON.stringify({
        access_token: secrets.plant(`access token of ${stem}`),
        expires_in: 1,
        expires_at: 1,
      }),
    );
    put(
      user,
      `${stem}.top`,
      JSON.stringify({ refresh_token: secrets.plant(`refresh token of ${stem}`), scopes: 'read:/' }),
    );
  };
  put('alice', 'scitokens.top', 'alice@foo');
  login('bob', 'mytokens', `${server.issuer}/token`);
  for (const name of ECHOES) login('bob', name, `${echo.origin}/${name}`);
  put('bob', 'robots.top', 'bob@foo');
  put('bob', 'pelican.top', JSON.stringify({ access_token: secrets.plant('subject token for Pelican') }));
  put(
    'carol',
    'vaulted.top',
    JSON.stringify({
      vault_token: `hvs.${secrets.plant('Vault token')}`,
      vault_url: 'https://127.0.0.1:8200/v1/secret/oauth/x',
    }),
  );
  put(
    'carol',
    'elsewhere.top',
    JSON.stringify({
      vault_token: `hvs.${secrets.plant('Vault token with a bad URL')}`,
      vault_url: 'http://127.0.0.1:1/v1/x',
    }),
  );
  put('dave', 'mytokens.top', `{"refresh_token": "${secrets.plant('refresh token in a torn file')}`);
  put(
    'dave',
    'mytokens_sealed.top',
    JSON.stringify({ refresh_token: `latchkey-sealed:v1:${secrets.plant('sealed text that is none')}` }),
  );
  put('dave', 'scitokens.use', `{"access_token": "${secrets.plant('access token in a torn file')}`);
  put('dave', 'scitokens.top', 'dave@foo');
  monitor.child.kill('SIGHUP');

  const browser = plainBrowser(boundedFetch({ ca: server.ca }));
  const pages: string[] = [];
  const key = writeRequest(monitor.path, prefix, server, [
    { user: 'erin', handle: 'read' },
    { user: 'erin', handle: 'no' },
  ]);
  const confirm = await logIn({ prefix }, browser, key, 'mytokens read', { user: 'erin@idp' });
  pages.push(confirm.text, confirm.url);
  const stored = await browser.submit(confirm, {}, { form: '/confirm/', button: 'store' });
  pages.push(stored.text, stored.url);
  const refused = await logIn({ prefix }, browser, key, 'mytokens no', { consent: false });
  pages.push(refused.text, refused.url);
  for (const path of [
    '/',
    '/operator',
    '/sign-in',
    `/key/${'0'.repeat(64)}`,
    '/return/mytokens?code=x&state=y',
    '/login/grant',
    '/metrics',
    '/readyz',
    '/healthz',
    '/api/v1/openapi.json',
    '/api/v1/credentials',
    '/.well-known/jwks.json',
    '/nothing',
  ])
    pages.push((await browser.open(`${prefix}${path}`)).text);
  for (const path of ['/metrics', '/readyz', '/healthz']) {
    const answer = await fetch(`http://127.0.0.1:${statusPort}${path}`);
    assert.equal(answer.status, 200, path);
    pages.push(await answer.text());
  }
  for (const socket of ['control.sock', 'web.sock'])
    for (const path of ['/v1/status', '/v1/leases', '/metrics', '/api/v1/credentials', '/operator'])
      pages.push(await askSocket(join(base, 'state', socket), path));

  const failed = (id: string) => new RegExp(`Could not renew ${id} `).test(monitor.log());
  const failing = [
    ...ECHOES.map((name) => `bob/${name}`),
    'bob/mytokens',
    'bob/robots',
    'bob/pelican',
    'carol/vaulted',
    'carol/elsewhere',
    'dave/mytokens',
    'dave/mytokens_sealed',
  ];
  await until(() => failing.every(failed), `failures of ${failing.filter((id) => !failed(id)).join(', ')}`);
  await until(() => /Successfully renewed alice\/scitokens/.test(monitor.log()), 'a renewal');
  await until(
    () =>
      readdirSync(base).includes('hook.env') &&
      readFileSync(join(base, 'hook.events'), 'utf8').includes('"failed"'),
    'the hook',
  );
  await until(() => echo.heard.has('/hook'), 'the webhook');
  assert.ok(failing.every(failed));

  const outputs: string[] = [];
  const run = async (...args: string[]): Promise<void> => {
    const env = {
      PATH: process.env.PATH ?? '',
      CONDOR_CONFIG: join(base, 'condor_config'),
      LATCHKEY_TRACE: '1',
    };
    for (const more of [[], ['--json']]) {
      const { stdout, stderr } = await runProgram(process.execPath, [latchkeyExecutable, ...args, ...more], {
        env,
        cwd: base,
      });
      outputs.push(stdout.toString(), stderr.toString());
    }
  };
  const everything = async (): Promise<void> => {
    await run('credmon', 'list');
    for (const id of [
      'alice/scitokens',
      'bob/mytokens',
      'bob/grant',
      'bob/pelican',
      'carol/vaulted',
      'dave/mytokens',
      'dave/mytokens_sealed',
      'erin/mytokens_read',
    ])
      await run('credmon', 'explain', id);
    await run('credmon', 'simulate', '-u', 'bob');
    await run('credmon', 'renew', '-u', 'bob');
  };
  await everything();
  await run('credmon', 'renew', 'erin/mytokens_read');
  monitor.child.kill('SIGTERM');
  assert.equal(await monitor.ended, 0);
  clearInterval(watching);
  await run('credmon', 'list');
  await run('credmon', 'explain', 'bob/grant');

  // What the monitor itself has obtained and made.
  for (const user of ['alice', 'bob', 'erin'])
    for (const name of readdirSync(join(monitor.path, user)).filter((file) => /\.(use|top|meta)$/.test(file)))
      registerAll(secrets, `${user}/${name}`, readFileSync(join(monitor.path, user, name), 'utf8'));
  secrets.register('sealing key', readFileSync(join(base, 'state/sealing.key')));
  secrets.register('session key of the page', readFileSync(join(monitor.path, 'wsgi_session_key')));
  secrets.register('signing key', pemBytes(readFileSync(join(base, 'scitokens-private.pem'), 'utf8')));
  assert.ok(secrets.size > 60, `${secrets.size} forms of secrets are looked for`);

  for (const [what, texts] of Object.entries({ pages, outputs, log: [monitor.log(), monitor.stderr()] }))
    for (const text of texts)
      assert.deepEqual(secrets.found(text), [], `${what}: ${lineWith(text, secrets.found)}`);
  assert.deepEqual(
    seen.map(({ where }) => where),
    [],
  );
  const below = secretsBelow(base, secrets, (path) => HOLDERS.test(basename(path)));
  assert.deepEqual(below, []);
  assert.deepEqual(
    readdirSync(base).filter((name) => /^core/.test(name)),
    [],
  );
  assert.match(readFileSync(join(base, 'hook.args'), 'utf8'), /^\S+ told$/m);
  assert.match(readFileSync(join(base, 'state/audit.jsonl'), 'utf8'), /"event":"deny"/);
  assert.ok(echo.heard.get('/hook')?.includes('Bearer canary-'), 'the webhook’s token went where it belongs');
  assert.ok(echo.heard.get('/grant')?.includes('canary-'), 'the echoing server had something to echo');
});

test('the search finds what it looks for, in every form', () => {
  const secrets = canaries();
  const secret = secrets.plant('secret');
  const bytes = Buffer.from(secret);
  for (const form of [
    secret,
    encodeURIComponent(secret),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ])
    assert.deepEqual(secrets.found(`before ${form} after`), ['secret']);
  assert.deepEqual(secrets.found('canary-'), []);
});

function registerAll(secrets: ReturnType<typeof canaries>, where: string, text: string): void {
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(text);
  } catch {
    return;
  }
  for (const name of ['access_token', 'refresh_token', 'client_secret', 'id_token', 'vault_token']) {
    const value = members[name];
    if (typeof value !== 'string' || value.startsWith('latchkey-sealed:')) continue;
    secrets.register(`${name} of ${where}`, value);
    const signature = value.split('.')[2];
    if (signature !== undefined) secrets.register(`signature of the ${name} of ${where}`, signature);
  }
}

function pemBytes(pem: string): string {
  return pem.replace(/-----[^-]+-----/g, '').replaceAll('\n', '');
}

/** The line that has it, for whoever mends it. */
function lineWith(text: string, found: (line: string) => string[]): string {
  return (
    text
      .split('\n')
      .find((line) => found(line).length > 0)
      ?.slice(0, 400) ?? ''
  );
}

function askSocket(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, path, headers: { host: 'monitor' } }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.once('end', () => resolve(text));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}
