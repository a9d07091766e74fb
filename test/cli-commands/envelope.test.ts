import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { FileStore } from '../../src/repository/index.ts';
import { makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { latchkey } from './installation.ts';

test('the envelope is put on, changed to a new key, and taken off for the C server; locks and bytes stay', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  const path = (name: string): string => join(directory, name);
  const { user } = await makeGrid(path('grid'));
  mkdirSync(path('store'), { mode: 0o700 });
  const pem = readFileSync(user.certificate, 'utf8') + readFileSync(user.key, 'utf8');
  const store = await FileStore.open(path('store'));
  for (const name of ['cron', 'held']) {
    const lock = name === 'held' ? { lockMessage: 'on hold' } : {};
    const credential = { username: 'jane', name, owner: user.dn, maxLifetimeSeconds: 3_600, ...lock };
    await store.write({ ...credential, pem: new Secret(pem) });
  }
  for (const key of ['one', 'two']) writeFileSync(path(key), randomBytes(32), { mode: 0o400 });
  const configure = (sealing: string): void =>
    writeFileSync(path('latchkey.toml'), `[server]\nstorage = "store"\n[sealing]\n${sealing}\n`);
  const run = (state: string) => latchkey(directory, ['envelope', state, 'latchkey.toml']);
  const file = () => readFileSync(path('store/jane-cron.creds'), 'latin1');

  configure('remember = 300');
  const without = run('on');
  assert.equal(without.code, 6);
  assert.match(without.stderr, /names no server key/);

  configure('server_key_file = "one"');
  assert.equal(run('on').code, 0);
  assert.match(file(), /^-----BEGIN LATCHKEY SEALED CREDENTIAL-----/);
  const underOne = file();
  const query = latchkey(directory, ['tool', 'myproxy-admin-query', '-s', 'store']);
  assert.match(
    query.stderr,
    /jane-cron\.data: "jane-cron\.creds" is sealed under a server key, and none is given/,
  );

  configure('server_key_file = "two"\nold_server_key_files = ["one"]');
  assert.match(run('on').stdout, /^2 credentials in .* now under the server key$/m);
  assert.notEqual(file(), underOne);

  configure('server_key_file = "one"');
  const wrongKey = run('off');
  assert.equal(wrongKey.code, 1);
  assert.match(wrongKey.stdout, /✘ jane-cron\.data: .*which is not given/);

  configure('server_key_file = "two"');
  assert.equal(run('off').code, 0);
  assert.equal(file(), pem);
  assert.equal(readFileSync(path('store/jane-held.lock'), 'utf8'), 'on hold');
});
