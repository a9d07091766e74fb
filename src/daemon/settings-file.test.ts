import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadSettings } from './settings-file.ts';

function fileIn(t: TestContext, files: Readonly<Record<string, string>>): (name: string) => string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-settings-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return (name) => join(directory, name);
}

test('relative paths start at the file, defaults are the safe ones', async (t) => {
  const at = fileIn(t, { 'latchkey.toml': '[server]\nstorage = "store"\ncertificate = "host/cert.pem"\n' });
  const settings = await loadSettings(at('latchkey.toml'));
  assert.equal(settings.storage, at('store'));
  assert.equal(settings.credential.certificate, at('host/cert.pem'));
  assert.deepEqual(settings.listen, { host: undefined, port: 7512, minTls: 'TLSv1.2', maxTls: 'TLSv1.2' });
  assert.equal(settings.policy.access.authorizedRetrievers, undefined);
  assert.equal(settings.policy.access.allowSelfAuthorization, false);
  assert.equal(settings.policy.ignoreLimitedProxies, false);
  assert.equal(settings.limits.requestTimeoutSeconds, 120);
  assert.equal(settings.limits.requestSizeBytes, 1 << 20);
});

test('a legacy configuration is the base, and this file wins over it', async (t) => {
  const at = fileIn(t, {
    'myproxy-server.config':
      'authorized_retrievers "*"\nmax_proxy_lifetime 12\nallow_self_authorization true\n',
    'latchkey.toml':
      '[server]\nstorage = "s"\nlegacy_config = "myproxy-server.config"\n[policy]\nmax_proxy_lifetime_hours = 1\n',
  });
  const { policy, alsoRead } = await loadSettings(at('latchkey.toml'));
  assert.deepEqual(policy.access.authorizedRetrievers, ['*']);
  assert.equal(policy.access.allowSelfAuthorization, true);
  assert.equal(policy.maxProxyLifetimeSeconds, 3_600);
  assert.deepEqual(alsoRead, [at('myproxy-server.config')]);
});

test('contradictions are refused', async (t) => {
  const at = fileIn(t, {
    'tls.toml': '[server]\nstorage = "s"\nmin_tls = "1.3"\n',
    'roots.toml': '[server]\nstorage = "s"\ntrust_roots = true\n',
  });
  await assert.rejects(loadSettings(at('tls.toml')), /min_tls is higher than server\.max_tls/);
  await assert.rejects(loadSettings(at('roots.toml')), /trust_roots = true needs server\.trust_directory/);
  await assert.rejects(loadSettings(at('none.toml')), { code: 'config/missing' });
});

test('a server key comes from one place; older ones only open', async (t) => {
  const at = fileIn(t, {
    'one.toml':
      '[server]\nstorage = "s"\n[sealing]\nserver_key_file = "key"\nold_server_key_files = ["old"]\n',
    'two.toml':
      '[server]\nstorage = "s"\n[sealing]\nserver_key_file = "key"\nserver_key_command = ["vault", "read"]\n',
    'old.toml': '[server]\nstorage = "s"\n[sealing]\nold_server_key_files = ["old"]\n',
  });
  const { sealing } = await loadSettings(at('one.toml'));
  assert.deepEqual(sealing.serverKeys, [{ file: at('key') }, { file: at('old') }]);
  await assert.rejects(loadSettings(at('two.toml')), /not several/);
  await assert.rejects(loadSettings(at('old.toml')), /needs a server key/);
});
