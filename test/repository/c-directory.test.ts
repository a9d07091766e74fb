import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RunOptions, runProgram, Secret } from '../../src/kit/index.ts';
import {
  FileStore,
  hasOldSeal,
  isEncrypted,
  KeyVault,
  type StoredCredential,
} from '../../src/repository/index.ts';
import { startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const PASS_PHRASE = 'correct horse';
const LONG_USER = `long-${'u'.repeat(100)}`;
const LONG_NAME = `n${'n'.repeat(100)}`;

async function collect(store: FileStore, username?: string): Promise<StoredCredential[]> {
  const all: StoredCredential[] = [];
  for await (const credential of store.list(username)) all.push(credential);
  return all;
}

const label = ({ username, name }: StoredCredential) => `${username} ${name ?? '-'}`;

test('a directory of the C server is ours, and the C server goes on with what we write', {
  timeout: 180_000,
}, async (t) => {
  if (
    !havePeers(
      t,
      'openssl',
      'myproxy-server',
      'myproxy-init',
      'myproxy-logon',
      'myproxy-admin-query',
      'grid-proxy-init',
    )
  )
    return;
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const server = await startCServer(t, grid);
  const run = async (program: string, args: readonly string[], options: RunOptions = {}) => {
    const result = await runProgram(findProgram(program) ?? program, args, { timeoutMs: 60_000, ...options });
    const output = result.stdout.toString() + result.stderr.toString();
    assert.equal(result.code, 0, `${program} ${args.join(' ')}: ${output}`);
    return output;
  };
  const asUser = { ...server.env, X509_USER_CERT: grid.user.certificate, X509_USER_KEY: grid.user.key };
  const store = (...args: string[]) =>
    run('myproxy-init', [...args, '-C', grid.user.certificate, '-y', grid.user.key], {
      env: asUser,
      ...(args.includes('-S') ? { input: `${PASS_PHRASE}\n` } : {}),
    });
  const query = (...args: string[]) =>
    run('myproxy-admin-query', ['-s', server.storage, ...args], { env: server.env });

  await store('-S', '-l', 'jane');
  await store('-S', '-l', 'jane', '-k', 'robot', '-K', 'for robots = good', '-x', '-r', '*/CN=*', '-t', '2');
  await store('-S', '-l', 'a-b');
  await store('-S', '-l', LONG_USER);
  await store('-S', '-l', LONG_USER, '-k', LONG_NAME);
  await store('-n', '-l', '/O=Grid/CN=slash', '-k', '.dot', '-x', '-R', '/CN=renewer', '-Z', '/CN=trusted');
  await query('-l', 'jane', '-k', 'robot', '-L', 'gone\nfishing');

  const findings: unknown[] = [];
  const ours = await FileStore.open(server.storage, { onFinding: (finding) => findings.push(finding) });
  const before = await collect(ours);
  assert.deepEqual(findings, []);
  assert.deepEqual(
    before.map(label).sort(),
    [
      '/O=Grid/CN=slash .dot',
      'a-b -',
      'jane -',
      'jane robot',
      `${LONG_USER} -`,
      `${LONG_USER} ${LONG_NAME}`,
    ].sort(),
  );
  const robot = before.find((credential) => credential.name === 'robot');
  assert.deepEqual(
    { ...robot, pem: undefined },
    {
      ...{ username: 'jane', name: 'robot', owner: grid.user.dn, maxLifetimeSeconds: 7200, pem: undefined },
      ...{ description: 'for robots = good', retrievers: '*/CN=*', lockMessage: 'gone\nfishing' },
    },
  );
  const dotted = before.find((credential) => credential.name === '.dot');
  assert.deepEqual([dotted?.renewers, dotted?.trustedRetrievers], ['/CN=renewer', '/CN=trusted']);
  assert.ok(dotted !== undefined && !isEncrypted(dotted.pem));
  assert.equal((await collect(ours, LONG_USER)).length, 2, 'what the C server does not find');
  assert.equal((await collect(ours, 'jane')).length, 2);
  assert.equal((await ours.read({ username: 'a', name: 'b' }))?.username, 'a-b');

  const vault = new KeyVault();
  const passPhrase = new Secret(PASS_PHRASE);
  for (const credential of before) {
    const names = readdirSync(server.storage);
    if (!isEncrypted(credential.pem)) {
      await ours.write(credential);
      continue;
    }
    assert.ok(hasOldSeal(credential.pem));
    const pem = await vault.resealIfOld(credential, passPhrase);
    assert.ok(pem !== undefined);
    assert.ok(await ours.write({ ...credential, pem }, { replacing: credential }));
    assert.deepEqual(readdirSync(server.storage).sort(), names.sort(), 'the same files as before');
  }
  for (const name of readdirSync(server.storage)) {
    assert.equal(statSync(join(server.storage, name)).mode & 0o777, 0o600, name);
  }
  // Litter of a writer that was killed.
  writeFileSync(join(server.storage, '.latchkey-journal'), '{}');
  writeFileSync(join(server.storage, '.latchkey-0123456789abcdef.00112233.tmp'), 'x');

  const listed = await query();
  assert.equal(listed.match(/^username: /gm)?.length, before.length, listed);
  assert.match(listed, /locked: gone/);
  assert.match(await query('-l', 'jane', '-U'), /unlocked/);
  for (const [user, name] of [
    ['jane', undefined],
    ['jane', 'robot'],
    [LONG_USER, LONG_NAME],
  ] as const) {
    const out = join(directory, 'proxy.pem');
    const named = name === undefined ? [] : ['-k', name];
    await run('myproxy-logon', ['-S', '-l', user, ...named, '-o', out], {
      env: asUser,
      input: `${PASS_PHRASE}\n`,
    });
    assert.match(readFileSync(out, 'utf8'), /PRIVATE KEY/);
    rmSync(out);
  }
  // The C server changes a pass phrase that we sealed, and destroys what we wrote.
  await run('myproxy-change-pass-phrase', ['-S', '-l', 'a-b'], {
    env: asUser,
    input: `${PASS_PHRASE}\nbattery staple\n`,
  });
  const changed = await ours.read({ username: 'a-b' });
  assert.ok(
    changed !== undefined && (await vault.unlock(changed, new Secret('battery staple'))) !== undefined,
  );
  await run('myproxy-destroy', ['-l', 'jane', '-k', 'robot'], { env: asUser });
  assert.equal(await ours.read({ username: 'jane', name: 'robot' }), undefined);
  assert.equal(await ours.remove({ username: LONG_USER, name: LONG_NAME }), true);
  assert.equal((await query()).match(/^username: /gm)?.length, before.length - 2);
  await ours.close();
});
