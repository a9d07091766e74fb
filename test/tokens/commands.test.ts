import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSigningKeys } from '../../src/tokens/index.ts';
import { latchkey } from '../cli-commands/installation.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { runBounded } from '../support/scitokens.ts';
import { makeTestAuthority, startTokenIssuer } from '../support/token-issuer.ts';
import { workspace } from '../support/workspace.ts';

const ISSUER = 'https://tokens.example/pool';
const AUDIENCE = 'https://data.example';
const ISSUE = [
  'token',
  'issue',
  '-k',
  'ring',
  '--issuer',
  ISSUER,
  '--subject',
  'jane',
  '--audience',
  AUDIENCE,
];
const SCOPE = ['--scope', 'read:/user/jane write:/user/jane/out'];

function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

test('from a new key ring to a token that is verified, with files only', (t) => {
  const directory = workspace(t);
  const run = (argv: readonly string[], input = '') => latchkey(directory, argv, { input });
  const created = run(['key', 'create', 'ring', '--json']);
  assert.equal(created.code, 0, created.stderr);
  assert.match(created.stdout, /"state": "signing"/);
  for (const file of readdirSync(join(directory, 'ring'))) {
    assert.equal(statSync(join(directory, 'ring', file)).mode & 0o777, 0o600, file);
  }

  const published = run(['key', 'publish', 'ring', '--issuer', ISSUER, '-o', 'www']);
  assert.equal(published.code, 0, published.stderr);
  const read = (path: string): Record<string, unknown> =>
    json(readFileSync(join(directory, 'www', path), 'utf8'));
  const metadata = { issuer: ISSUER, jwks_uri: `${ISSUER}/.well-known/jwks.json` };
  assert.deepEqual(read('pool/.well-known/openid-configuration'), metadata);
  assert.deepEqual(read('.well-known/oauth-authorization-server/pool'), metadata);

  const issued = run([...ISSUE, ...SCOPE]);
  assert.equal(issued.code, 0, issued.stderr);
  assert.match(issued.stdout, /^ey[\w-]+\.[\w-]+\.[\w-]{86}\n$/);
  writeFileSync(join(directory, 'job.token'), issued.stdout, { mode: 0o600 });

  const trust = ['--issuer', ISSUER, '--jwks', 'www/pool/.well-known/jwks.json'];
  const verify = ['token', 'verify', '--audience', AUDIENCE, ...trust];
  assert.equal(run([...verify, 'job.token']).code, 0);
  assert.equal(run([...verify, '-'], issued.stdout).code, 0, 'from standard input');
  assert.equal(run([...verify, 'job.token', '--allow', 'read:/user/jane/f']).code, 0);
  assert.equal(run([...verify, 'job.token', '--allow', 'read:/user/janet']).code, 3);
  const refused = run([
    'token',
    'verify',
    'job.token',
    ...trust,
    '--audience',
    'https://other.example',
    '--json',
  ]);
  assert.equal(refused.code, 3);
  assert.deepEqual(
    (json(refused.stdout).findings as { code: string }[]).map(({ code }) => code),
    ['audience'],
  );
  const access = run(['token', 'list-access', 'job.token', '--audience', AUDIENCE, ...trust, '--json']);
  assert.deepEqual(json(access.stdout).access, [
    { operation: 'read', path: '/user/jane', scope: 'read:/user/jane' },
    { operation: 'create', path: '/user/jane/out', scope: 'write:/user/jane/out' },
    { operation: 'modify', path: '/user/jane/out', scope: 'write:/user/jane/out' },
  ]);
  const shown = run(['token', 'show', 'job.token', '--json']);
  assert.equal((json(shown.stdout).claims as { sub: string }).sub, 'jane');
  assert.equal(json(shown.stdout).verified, false);
});

test('rotation: the new key is published first and signs later; at once when asked; retired keys go', (t) => {
  const directory = workspace(t);
  const run = (...argv: string[]) => latchkey(directory, [...argv, '--json']);
  const states = (stdout: string): string[] =>
    (json(stdout).keys as { state: string }[]).map(({ state }) => state);
  assert.equal(run('key', 'create', 'ring', '--keep', '1s').code, 0);
  const first = run('key', 'rotate', 'ring', '--algorithm', 'RS256');
  assert.deepEqual(states(first.stdout), ['signing', 'upcoming']);
  const again = run('key', 'rotate', 'ring');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /waiting to sign/);
  const atOnce = run('key', 'rotate', 'ring', '--at-once');
  assert.ok(states(atOnce.stdout).includes('signing'));
  const published = run('key', 'publish', 'ring', '--issuer', ISSUER);
  const jwks = (json(published.stdout).documents as { path: string; content: { keys?: unknown[] } }[]).find(
    ({ path }) => path.endsWith('jwks.json'),
  );
  assert.ok((jwks?.content.keys?.length ?? 0) >= 2);
});

test('a pair of files as HTCondor has it', async (t) => {
  const directory = workspace(t);
  for (const [algorithm, first] of [
    ['ES256', 'EC PRIVATE KEY'],
    ['RS256', 'RSA PRIVATE KEY'],
    ['EdDSA', 'PRIVATE KEY'],
  ] as const) {
    const argv = [
      'key',
      'create',
      `${algorithm}.pem`,
      '--public',
      `${algorithm}.pub`,
      '--algorithm',
      algorithm,
    ];
    const created = latchkey(directory, argv);
    assert.equal(created.code, 0, created.stderr);
    const file = join(directory, `${algorithm}.pem`);
    assert.ok(readFileSync(file, 'utf8').startsWith(`-----BEGIN ${first}-----\n`));
    assert.deepEqual(
      [statSync(file).mode & 0o777, statSync(join(directory, `${algorithm}.pub`)).mode & 0o777],
      [0o600, 0o644],
    );
    assert.equal(latchkey(directory, argv).code, 1, 'a key is never overwritten');
    const publicKeyFile = join(directory, `${algorithm}.pub`);
    const keys = await loadSigningKeys(file, { keyId: 'local', publicKeyFile });
    assert.equal(keys.signingKey(new Date()).keyId, 'local');
    const issue = [...ISSUE, ...SCOPE].map((word) => (word === 'ring' ? `${algorithm}.pem` : word));
    const issued = latchkey(directory, issue);
    const verify = [
      'token',
      'verify',
      '-',
      '--issuer',
      ISSUER,
      '--audience',
      AUDIENCE,
      '--jwks',
      `${algorithm}.pub`,
    ];
    const verified = latchkey(directory, verify, { input: issued.stdout });
    assert.equal(verified.code, 0, verified.stdout);
  }
  await assert.rejects(
    loadSigningKeys(join(directory, 'ES256.pem'), { publicKeyFile: join(directory, 'RS256.pub') }),
    /is not the public half/,
  );
  chmodSync(join(directory, 'ES256.pem'), 0o644);
  await assert.rejects(loadSigningKeys(join(directory, 'ES256.pem')), /others may read or change/);
});

test('a token on the command line is refused and not repeated', (t) => {
  const directory = workspace(t);
  latchkey(directory, ['key', 'create', 'ring']);
  const token = latchkey(directory, [...ISSUE, ...SCOPE]).stdout.trim();
  for (const argv of [['show'], ['verify', '--issuer', ISSUER], ['revoke', '--client-id', 'x']]) {
    const run = latchkey(directory, ['token', ...argv, token]);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, /this is a token/);
    assert.ok(!`${run.stdout}${run.stderr}`.includes(token.slice(0, 40)));
  }
});

test('token get finds the token in the order of bearer token discovery; issue --save puts it there', (t) => {
  const directory = workspace(t);
  latchkey(directory, ['key', 'create', 'ring']);
  const uid = process.getuid?.() ?? 0;
  const here = { XDG_RUNTIME_DIR: directory };
  const get = (env: NodeJS.ProcessEnv, ...argv: string[]) =>
    latchkey(directory, ['token', 'get', ...argv], { env });
  const saved = latchkey(directory, [...ISSUE, ...SCOPE, '--save'], { env: here });
  assert.equal(saved.code, 0, saved.stderr);
  const file = join(directory, `bt_u${uid}`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const token = readFileSync(file, 'utf8');
  assert.equal(get(here).stdout, token);
  assert.equal(get({ ...here, BEARER_TOKEN: '  \t' }).stdout, token, 'blank counts as nothing');
  assert.equal(get({ ...here, BEARER_TOKEN: 'abc' }).stdout, 'abc\n');
  const malformed = get({ ...here, BEARER_TOKEN: 'two words' });
  assert.equal(malformed.code, 1, 'what is no token ends the search');
  assert.ok(!malformed.stderr.includes('two words'));
  writeFileSync(join(directory, 'other'), ' named\r\n');
  assert.equal(get({ ...here, BEARER_TOKEN_FILE: join(directory, 'other') }).stdout, 'named\n');
  assert.equal(get({ ...here, BEARER_TOKEN_FILE: join(directory, 'none') }).code, 5);
  assert.equal(get(here, '--valid-for', '5m').code, 0);
  assert.equal(get(here, '--valid-for', '2h').code, 5);
  assert.equal(get(here, '-o', 'copy').code, 0);
  assert.equal(readFileSync(join(directory, 'copy'), 'utf8'), token);
  const about = get(here, '--json');
  assert.ok(!about.stdout.includes(token.slice(0, 30)) && json(about.stdout).origin === file);

  chmodSync(file, 0o666);
  assert.match(get(here).stderr, /others may write it/);
  const links = join(directory, 'links');
  symlinkSync(directory, links);
  symlinkSync(join(directory, 'other'), join(directory, `bt_u${uid}-link`));
  const elsewhere = workspace(t);
  symlinkSync(join(directory, 'other'), join(elsewhere, `bt_u${uid}`));
  const linked = get({ XDG_RUNTIME_DIR: elsewhere });
  assert.match(linked.stderr, /symbolic link/);
});

test('key publish --check asks the issuer over https what a verifier would see', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  const authority = await makeTestAuthority(directory);
  latchkey(directory, ['key', 'create', 'ring']);
  const keys = await loadSigningKeys(join(directory, 'ring'));
  const { issuer, publish } = await startTokenIssuer(t, authority, keys.published(new Date()));
  // The issuer is in this process, so the command must not hold it up.
  const check = (more: string[] = []) =>
    runBounded(
      [
        process.execPath,
        latchkeyExecutable,
        'key',
        'publish',
        join(directory, 'ring'),
        '--issuer',
        issuer,
        '--check',
        '--ca',
        join(directory, 'ca.pem'),
        '--json',
        ...more,
      ],
      { ...process.env, HOME: directory },
    );
  const good = await check();
  assert.equal(good.code, 0, good.stdout + good.stderr);
  latchkey(directory, ['key', 'rotate', 'ring']);
  const waiting = await check();
  assert.equal(waiting.code, 4);
  assert.match(waiting.stdout, /published\/key-missing/);
  latchkey(directory, ['key', 'rotate', 'ring', '--at-once']);
  assert.match((await check()).stdout, /published\/key\/unknown/);
  publish((await loadSigningKeys(join(directory, 'ring'))).published(new Date()));
  assert.equal((await check()).code, 0);
});

test('a token is read from the file that a credential monitor writes, too', (t) => {
  const directory = workspace(t);
  const run = (argv: readonly string[]) => latchkey(directory, argv);
  run(['key', 'create', 'ring']);
  assert.equal(run([...ISSUE, ...SCOPE, '-o', 'bare']).code, 0);
  const token = readFileSync(join(directory, 'bare'), 'utf8').trim();
  writeFileSync(join(directory, 'a.use'), JSON.stringify({ access_token: token, expires_in: 1200 }));
  writeFileSync(join(directory, 'b.use'), '{"expires_in": 1200}');
  // A second may pass between the two.
  const [shown, bare] = ['a.use', 'bare'].map((file) =>
    run(['token', 'show', file]).stdout.replace(/^ *left .*\n/m, ''),
  );
  assert.match(bare ?? '', /jane/);
  assert.equal(shown?.replace('a.use', 'bare'), bare);
  assert.match(run(['token', 'show', 'b.use']).stderr, /is no bearer token/);
});
