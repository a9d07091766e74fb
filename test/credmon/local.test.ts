import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
