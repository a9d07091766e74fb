import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { FileStore } from '../../src/repository/index.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { latchkey } from './installation.ts';

let grid: Grid;
before(async (t) => {
  if (findProgram('openssl') === undefined) return;
  grid = await makeGrid(join(workspace(t as unknown as TestContext), 'grid'));
});

/** A directory with a store, a host credential and a configuration of either kind. */
function place(t: TestContext) {
  const directory = workspace(t);
  const path = (name: string): string => join(directory, name);
  mkdirSync(path('store'), { mode: 0o700 });
  copyFileSync(grid.host.certificate, path('cert.pem'));
  copyFileSync(grid.host.key, path('key.pem'));
  chmodSync(path('key.pem'), 0o600);
  writeFileSync(path('legacy.config'), 'authorized_retrievers "*"\n');
  const toml = (more = '', server = ''): void =>
    writeFileSync(
      path('latchkey.toml'),
      `[server]\nstorage = "store"\ncertificate = "cert.pem"\nkey = "key.pem"\n${server}[policy]\nauthorized_retrievers = ["*"]\n${more}`,
    );
  toml();
  const env = { X509_CERT_DIR: grid.trustDirectory, X509_USER_PROXY: path('none') };
  const run = (argv: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    latchkey(directory, argv, { env: { ...env, ...more } });
  return { path, toml, run };
}

test('config check judges the host certificate and key as the server does', (t) => {
  if (!havePeers(t, 'openssl')) return;
  const { path, run } = place(t);
  const check = (more: Readonly<Record<string, string>> = {}) =>
    run(['config', 'check', 'latchkey.toml'], more);
  assert.equal(check().code, 0, check().stdout);
  chmodSync(path('key.pem'), 0o640);
  assert.match(check().stdout, /the key ".*key\.pem" can be read by others/);
  assert.equal(check().code, 6);
  const asService = check({ CREDENTIALS_DIRECTORY: path('.') });
  assert.equal(asService.code, 0, `what systemd hands over shows rights of the group: ${asService.stdout}`);
  copyFileSync(grid.user.key, path('key.pem'));
  chmodSync(path('key.pem'), 0o600);
  assert.match(check().stdout, /do not work together/);
  assert.equal(check().code, 6);
});

test('a key in one file with its certificate is to be private too', (t) => {
  if (!havePeers(t, 'openssl')) return;
  const { path, run } = place(t);
  writeFileSync(
    path('both.pem'),
    readFileSync(path('cert.pem'), 'utf8') + readFileSync(path('key.pem'), 'utf8'),
  );
  const check = () =>
    run(['config', 'check', 'legacy.config', '--storage', 'store'], { X509_USER_PROXY: path('both.pem') });
  chmodSync(path('both.pem'), 0o644);
  assert.match(check().stdout, /both\.pem" can be read by others/);
  chmodSync(path('both.pem'), 0o600);
  assert.doesNotMatch(check().stdout, /both\.pem/);
});

test('config check, show and explain take the storage directory that a legacy file cannot name', (t) => {
  if (!havePeers(t, 'openssl')) return;
  const { path, run } = place(t);
  const env = { X509_USER_CERT: path('cert.pem'), X509_USER_KEY: path('key.pem') };
  const check = run(['config', 'check', 'legacy.config', '--storage', 'store'], env);
  assert.equal(check.code, 0, check.stdout);
  const show = run(['config', 'show', 'legacy.config', '--storage', 'store'], env);
  assert.ok(show.stdout.includes(`server.storage = ${JSON.stringify(path('store'))}`), show.stdout);
  const without = run(['config', 'check', 'legacy.config', '--storage', 'nowhere'], env);
  assert.match(without.stdout, /storage directory .*nowhere does not exist/);
});

test('a log or audit file that cannot be written is an error, of config check and of the server', (t) => {
  if (!havePeers(t, 'openssl')) return;
  const { toml, run } = place(t);
  toml('[audit]\nfile = "nowhere/audit.log"\n', 'port = 0\n');
  const check = run(['config', 'check', 'latchkey.toml']);
  assert.equal(check.code, 6);
  assert.match(check.stdout, /audit\.file .*nowhere\/audit\.log cannot be written/);
  const served = run(['serve', '-c', 'latchkey.toml', '--listen', '127.0.0.1']);
  assert.notEqual(served.code, 0);
  assert.match(served.stderr, /cannot write the log ".*audit\.log"/);
});

test('config explain info answers as the server does: every credential of the account counts', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const { path, run } = place(t);
  const store = await FileStore.open(path('store'));
  const pem = new Secret(readFileSync(grid.user.certificate, 'utf8') + readFileSync(grid.user.key, 'utf8'));
  await store.write({ username: 'jane', name: 'cron', owner: grid.user.dn, maxLifetimeSeconds: 3_600, pem });
  await store.close();
  const explain = (dn: string) =>
    run(['config', 'explain', 'info', 'latchkey.toml', '--user', 'jane', '--dn', dn]);
  assert.equal(explain(grid.user.dn).code, 0, explain(grid.user.dn).stdout);
  const other = explain('/O=Grid/CN=Other');
  assert.equal(other.code, 3);
  assert.match(other.stdout, /no credentials found for user jane, owner "\/O=Grid\/CN=Other"/);
});

test('config explain does not answer without looking at what is stored', (t) => {
  if (!havePeers(t, 'openssl')) return;
  const { path, run } = place(t);
  chmodSync(path('store'), 0o755);
  const explained = run(['config', 'explain', 'get', 'latchkey.toml', '--user', 'jane']);
  assert.notEqual(explained.code, 3);
  assert.match(explained.stderr, /cannot look at what is stored: permissions on .* must be 0700/);
});
