import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { localProvider, modeOf, startTestCredmon, until } from '../support/credential-directory.ts';

test('a .top that is there already is answered before CREDMON_COMPLETE comes', async (t) => {
  const { path, pathOf } = await startTestCredmon(t, async (base) => [await localProvider(base)], {
    before: ({ put, path: directory }) => {
      put('alice', 'scitokens.top', 'alice@foo');
      writeFileSync(join(directory, 'CREDMON_COMPLETE'), '');
    },
  });
  assert.ok(!existsSync(join(path, 'CREDMON_COMPLETE')), 'taken away at the start');
  await until(() => existsSync(join(path, 'CREDMON_COMPLETE')));
  const text = readFileSync(pathOf('alice', 'scitokens.use'), 'utf8');
  assert.equal(text.trimEnd().split('\n').length, 1);
  const { access_token, expires_in } = JSON.parse(text);
  assert.equal(expires_in, 1200);
  const claims = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url').toString());
  assert.equal(claims.sub, 'alice');
  assert.equal(claims.scope, 'read:/user/alice write:/user/alice');
  assert.deepEqual(claims.aud, ['https://data.example']);
  assert.equal(claims.ver, 'scitoken:2.0');
  assert.equal(modeOf(pathOf('alice', 'scitokens.use')), '400');
});

test('woken, it answers a new request; deleted, the request is let go; a .use that is lost comes again', async (t) => {
  const { put, pathOf, running, lines } = await startTestCredmon(t, async (base) => [
    await localProvider(base),
  ]);
  await until(() => running.lastScan);
  put('bob', 'scitokens.top', 'bob@foo');
  await running.wake();
  const use = pathOf('bob', 'scitokens.use');
  await until(() => existsSync(use));
  assert.ok(lines.some((line) => /^LOCAL: Successfully renewed bob\/scitokens/.test(line)));

  rmSync(use);
  await running.wake();
  await until(() => existsSync(use), 'the lost .use');

  rmSync(pathOf('bob', 'scitokens.top'));
  rmSync(use);
  await running.wake();
  await until(() => running.keeper.size === 0);
  assert.ok(!existsSync(use));
});

test('a provider that cannot sign: credd gets an empty token after some seconds, and a real one as soon as there can be one', async (t) => {
  let key = '';
  const { put, pathOf, running, lines } = await startTestCredmon(t, async (base) => {
    const provider = await localProvider(base);
    key = provider.privateKeyFile;
    renameSync(key, `${key}.away`);
    return [provider];
  });
  const users = ['alice', 'bob', 'carol'];
  const tokenOf = (user: string): unknown =>
    JSON.parse(readFileSync(pathOf(user, 'scitokens.use'), 'utf8')).access_token;
  for (const user of users) put(user, 'scitokens.top', `${user}@foo`);
  // What was there before is no empty token's business.
  put('dave', 'scitokens.use', '{"access_token":"before","expires_in":1200}');
  put('dave', 'scitokens.top', 'dave@foo');
  await running.wake();
  await until(() => users.every((user) => existsSync(pathOf(user, 'scitokens.use'))), 'the empty tokens');
  for (const user of users) assert.equal(tokenOf(user), '');
  assert.equal(modeOf(pathOf('alice', 'scitokens.use')), '400');
  assert.equal(tokenOf('dave'), 'before');
  assert.equal(
    lines.filter((line) => /^alice\/scitokens has an empty token for now.*private\.pem/.test(line)).length,
    1,
  );

  renameSync(`${key}.away`, key);
  await running.keeper.renewNow('bob/scitokens');
  await until(() => users.every((user) => tokenOf(user) !== ''), 'the tokens of all, once one could be made');
});

test('a private key that others may read is used, loudly; one that others may change is not', async (t) => {
  let key = '';
  const { put, pathOf, running, lines } = await startTestCredmon(t, async (base) => {
    const provider = await localProvider(base);
    key = provider.privateKeyFile;
    chmodSync(key, 0o644);
    return [provider];
  });
  put('alice', 'scitokens.top', 'alice@foo');
  await running.wake();
  await until(() => existsSync(pathOf('alice', 'scitokens.use')));
  assert.equal(
    lines.filter((line) => /scitokens: others may read .*mode 0644.*chmod 600/.test(line)).length,
    1,
  );

  chmodSync(key, 0o666);
  put('bob', 'scitokens.top', 'bob@foo');
  await running.wake();
  await until(async () => {
    await running.keeper.renewNow('bob/scitokens').catch(() => {});
    return running.keeper.status('bob/scitokens')?.lastError?.code === 'file/unsafe';
  });
});
