// First submit, second submit and the job's sandbox, with the real monitor under a simulated access point.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMonitoredPool } from './monitored-pool.ts';
import { isSignedBy, readJwt } from './read-jwt.ts';
import { curlPluginToken, jsonPluginToken } from './token-readers.ts';
import { storeLikeUpstream } from './upstream-page.ts';
import { eventually } from './waiting.ts';

const TWO_HANDLES = `
use_oauth_services = mytokens
mytokens_oauth_permissions =
mytokens_oauth_permissions_read = read:/public, write:/user/alice
mytokens_oauth_resource_read = https://data.example.org
queue
`;

test('the first submit of a user gets a signed local token and the URL', async (t) => {
  const pool = await startMonitoredPool(t, {
    webClients: {
      mytokens: {
        clientId: 'ap1',
        clientSecretFile: '/nonexistent/secret',
        returnUrlSuffix: '/return/mytokens',
        authorizationUrl: 'https://op.example.org/authorize',
        tokenUrl: 'https://op.example.org/token',
      },
    },
  });
  const startedAt = Date.now();
  const first = await pool.submit('alice', TWO_HANDLES);
  t.diagnostic(`the submit took ${Date.now() - startedAt} ms`);
  assert.equal(first.exitCode, 1);
  assert.match(first.stdout, /Hellow, alice\.\nPlease visit: /);
  const { text, members } = pool.useFile('alice');
  assert.equal(text.trimEnd().split('\n').length, 1, 'JSON on one line');
  assert.equal(curlPluginToken(text), members.access_token);
  assert.equal(jsonPluginToken(text), members.access_token);
  assert.equal(members.expires_in, 1200);
  const file = statSync(pool.credd.path('alice', 'scitokens.use'));
  assert.equal(file.mode & 0o7777, 0o400);
  assert.equal(file.uid, pool.pool.identities.rootUid);
  const { header, claims } = readJwt(members.access_token);
  assert.deepEqual(header, { ...header, alg: 'ES256', typ: 'JWT', kid: 'local' });
  assert.equal(claims.sub, 'alice');
  assert.equal(claims.iss, 'https://ap.example.org');
  assert.deepEqual(claims.aud, ['https://data.example.org']);
  assert.equal(claims.ver, 'scitoken:2.0');
  assert.equal(claims.scope, 'read:/user/alice write:/user/alice');
  assert.equal(Number(claims.exp) - Number(claims.iat), 1200);
  assert.equal(typeof claims.jti, 'string');
  assert.ok(isSignedBy(members.access_token, join(pool.base, 'scitokens.pem')));
  assert.equal(statSync(join(pool.base, 'scitokens-private.pem')).mode & 0o777, 0o600);
  await eventually(() => /LOCAL: Successfully renewed/.test(pool.log()), 'the line in the log');
  assert.doesNotMatch(pool.log(), new RegExp(String(members.access_token).slice(0, 40)));
});

test('the second submit is accepted after a login stored as upstream stores it, and the job finds its tokens', async (t) => {
  const pool = await startMonitoredPool(t, {
    webClients: {
      mytokens: {
        clientId: 'ap1',
        clientSecretFile: '/nonexistent/secret',
        returnUrlSuffix: '/return/mytokens',
        authorizationUrl: 'https://127.0.0.1:9/authorize',
        tokenUrl: 'https://127.0.0.1:9/token',
      },
    },
  });
  const first = await pool.submit('alice', TWO_HANDLES);
  storeLikeUpstream(pool.pool, first.url ?? '', (provider, handle) => ({
    access_token: `at-${provider}-${handle}`,
    refresh_token: `rt-${handle}`,
    expires_in: 3600,
  }));
  const second = await pool.submit('alice', TWO_HANDLES);
  assert.equal(second.exitCode, 0, second.stderr);
  assert.ok(second.job);
  const job = pool.run(second.job);
  t.after(() => job.end());
  assert.equal(job.hold, undefined);
  assert.deepEqual(readdirSync(job.credentialDirectory).sort(), ['mytokens.use', 'mytokens_read.use']);
  const copy = readFileSync(join(job.credentialDirectory, 'mytokens_read.use'), 'utf8');
  assert.equal(jsonPluginToken(copy), 'at-mytokens-read');
  assert.equal(pool.credd.hangUps, 1, 'only the local token of the first submit needed the monitor');
});

test('a running job gets every renewal of its local token, whole', async (t) => {
  const pool = await startMonitoredPool(t, { paces: { sandboxRefreshMs: 5 } });
  const { job, stderr } = await pool.submit('alice', 'use_oauth_services = scitokens\nqueue');
  assert.ok(job, stderr);
  const running = pool.run(job);
  t.after(() => running.end());
  const seen = new Set<unknown>();
  await eventually(() => {
    const token = jsonPluginToken(readFileSync(join(running.credentialDirectory, 'scitokens.use'), 'utf8'));
    assert.ok(token, 'never half a file, never none');
    const { claims } = readJwt(token);
    assert.ok(Number(claims.exp) * 1000 > Date.now(), 'never an expired token');
    if (!seen.has(claims.jti)) {
      seen.add(claims.jti);
      // A .top that is newer than its .use asks for another token.
      pool.credd.write('alice', 'scitokens.top', 'alice@foo');
      pool.wake();
    }
    return seen.size >= 5;
  }, 'five tokens one after the other');
  assert.equal(running.hold, undefined);
});

test('add-oauth of one of several local names, and a name of no provider, are answered as the contract says', async (t) => {
  const pool = await startMonitoredPool(t, {
    localProviders: ['scitokens', 'campus'],
    paces: { storeTries: 3, storePollMs: 30 },
  });
  const { job, stderr } = await pool.submit('bob', 'use_oauth_services = campus\nqueue');
  assert.ok(job, stderr);
  assert.equal(readJwt(pool.useFile('bob', 'campus.use').members.access_token).claims.sub, 'bob');
  assert.equal(readJwt(pool.useFile('bob').members.access_token).claims.sub, 'bob');
  // Nothing can serve this name: credd times out, and the monitor goes on.
  assert.equal(await pool.credd.store({ user: 'bob', service: 'ownsvc', content: 'mine' }), 10);
  // `-P`: the user's own token. It is no business of the monitor.
  const own = '{"access_token": "the user\'s own"}';
  assert.ok((await pool.credd.store({ user: 'bob', service: 'mine', content: own, as: 'access' })) > 100);
  pool.wake();
  const next = await pool.submit('carol', 'use_oauth_services = campus\nqueue');
  assert.equal(next.exitCode, 0, next.stderr);
  assert.equal(readFileSync(pool.credd.path('bob', 'mine.use'), 'utf8'), own);
  writeFileSync(pool.credd.path('bob', 'other.use'), 'bare');
  pool.wake();
  assert.equal((await pool.submit('dave', 'queue')).exitCode, 0);
  assert.equal(readFileSync(pool.credd.path('bob', 'other.use'), 'utf8'), 'bare');
});
