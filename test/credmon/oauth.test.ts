import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import type { ClientProvider, OAuthProvider } from '../../src/credmon/index.ts';
import { isLatchkeyError, Secret, sealingKeys } from '../../src/kit/index.ts';
import {
  beginAuthorization,
  finishAuthorization,
  refreshAccessToken,
  type TokenResponse,
} from '../../src/oauth/index.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import {
  type CredmonUnderTest,
  localProvider,
  modeOf,
  startTestCredmon,
  until,
} from '../support/credential-directory.ts';

const REDIRECT = 'https://localhost:9/return/mytokens';
const SCOPES = 'openid, storage.read:/user/alice, storage.modify:/user/alice';
const AUDIENCE = 'https://data.example';

let server: AuthorizationServer;
before(async () => {
  server = await startAuthorizationServer();
});
after(() => server.close());

function oauthProvider(directory: string, more: Partial<OAuthProvider> = {}): OAuthProvider {
  writeFileSync(join(directory, 'ca.pem'), server.ca);
  writeFileSync(join(directory, 'secret'), `${server.clientSecret('post')}\n# and a remark`, { mode: 0o600 });
  return {
    mode: 'oauth',
    name: 'mytokens',
    returnUrlSuffix: '/return/mytokens',
    exchangePerHandle: false,
    clientId: 'latchkey-post',
    clientAuthentication: 'client_secret_post',
    clientSecretFile: join(directory, 'secret'),
    issuer: server.issuer,
    caFile: join(directory, 'ca.pem'),
    ...more,
  };
}

async function logIn(user: string): Promise<TokenResponse> {
  const client = server.client('post');
  const { url, pending } = await beginAuthorization(client, {
    redirectUri: REDIRECT,
    scope: SCOPES.replaceAll(',', ''),
    resource: AUDIENCE,
  });
  return finishAuthorization(client, pending, await server.logIn(url, { user, redirectUri: REDIRECT }));
}

async function storeLogin({ running }: CredmonUnderTest, user: string, stem = 'mytokens'): Promise<Secret> {
  const response = await logIn(user);
  assert.ok(response.refreshToken);
  await running.logins.storeLogin(user, stem, response, {
    scopes: SCOPES,
    audience: AUDIENCE,
    clientId: 'latchkey-post',
    clientSecret: new Secret(server.clientSecret('post')),
    tokenUrl: `${server.issuer}/token`,
  });
  return response.refreshToken;
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function tokenRequests(): number {
  return server.requests.filter(({ path }) => path.startsWith('/token')).length;
}

test('a login is stored as credd compares it, is not refreshed at once, and is renewed with a durable rotation', async (t) => {
  const credmon = await startTestCredmon(t, async (base) => [oauthProvider(base)]);
  const { running, pathOf } = credmon;
  await until(() => running.lastScan);
  const first = await storeLogin(credmon, 'alice');
  for (const suffix of ['top', 'use', 'meta'])
    assert.equal(modeOf(pathOf('alice', `mytokens.${suffix}`)), '400', suffix);
  assert.deepEqual(readJson(pathOf('alice', 'mytokens.top')), {
    refresh_token: first.revealText(),
    scopes: SCOPES,
    audience: AUDIENCE,
  });
  const use = readJson(pathOf('alice', 'mytokens.use'));
  assert.ok(Array.isArray(use.scope));
  assert.equal(use.expires_in, 600);
  assert.equal('refresh_token' in use, false);
  assert.equal(readJson(pathOf('alice', 'mytokens.meta')).token_url, `${server.issuer}/token`);

  await running.wake();
  const status = await until(() => running.keeper.status('alice/mytokens'));
  assert.equal(status.state, 'current');
  assert.equal(readJson(pathOf('alice', 'mytokens.top')).refresh_token, first.revealText());

  // As after half its life: a .top that is much newer than .use would be a new login.
  const earlier = new Date(Date.now() - 300_000);
  utimesSync(pathOf('alice', 'mytokens.use'), earlier, earlier);
  await running.wake();
  const asked = tokenRequests();
  const { failures, lastError } = await running.keeper.renewNow('alice/mytokens');
  assert.equal(failures, 0, lastError?.message);
  await running.wake();
  await running.wake();
  assert.equal(tokenRequests() - asked, 1, 'our own rotation is no new login');
  const rotated = readJson(pathOf('alice', 'mytokens.top'));
  assert.notEqual(rotated.refresh_token, first.revealText());
  assert.equal(rotated.scopes, SCOPES);
  assert.equal(rotated.audience, AUDIENCE);
  const renewed = readJson(pathOf('alice', 'mytokens.use'));
  assert.notEqual(renewed.access_token, use.access_token);
  assert.equal(decodeJwt(String(renewed.access_token)).aud, AUDIENCE);

  // Our own rotation is no new request, and a lost .use comes again by the new refresh token.
  rmSync(pathOf('alice', 'mytokens.use'));
  await running.wake();
  await until(() => existsSync(pathOf('alice', 'mytokens.use')));
  assert.notEqual(readJson(pathOf('alice', 'mytokens.top')).refresh_token, rotated.refresh_token);
});

test('revoked by its owner: the files go, and the server does not know the refresh token any more', async (t) => {
  const credmon = await startTestCredmon(t, async (base) => [oauthProvider(base)]);
  const { running, pathOf } = credmon;
  await storeLogin(credmon, 'bob');
  await until(() => running.keeper.status('bob/mytokens'));
  await running.keeper.renewNow('bob/mytokens');
  const last = String(readJson(pathOf('bob', 'mytokens.top')).refresh_token);
  assert.equal(await running.revoke('bob/mytokens'), true);
  assert.deepEqual(
    credmon.lines.filter((line) => /not told/.test(line)),
    [],
  );
  for (const suffix of ['top', 'use', 'meta'])
    assert.ok(!existsSync(pathOf('bob', `mytokens.${suffix}`)), suffix);
  await assert.rejects(refreshAccessToken(server.client('post'), new Secret(last)), (error) =>
    isLatchkeyError(error, 'oauth/invalid-grant'),
  );
  assert.equal(await running.revoke('bob/mytokens'), false);
});

test('sealed: credd still finds its scopes, the refresh token is not there to be read, and it is renewed', async (t) => {
  const sealing = sealingKeys([new Secret(randomBytes(32))]);
  const credmon = await startTestCredmon(t, async (base) => [oauthProvider(base)], {
    settings: { sealRefreshTokens: true },
    around: { sealing },
  });
  const { running, pathOf } = credmon;
  const first = await storeLogin(credmon, 'carol');
  const top = readFileSync(pathOf('carol', 'mytokens.top'), 'utf8');
  assert.ok(!top.includes(first.revealText()));
  assert.match(String(JSON.parse(top).refresh_token), /^latchkey-sealed:v1:/);
  assert.equal(JSON.parse(top).scopes, SCOPES);
  await until(() => running.keeper.status('carol/mytokens'));
  const { failures, lastError } = await running.keeper.renewNow('carol/mytokens');
  assert.equal(failures, 0, lastError?.message);
  assert.match(String(readJson(pathOf('carol', 'mytokens.top')).refresh_token), /^latchkey-sealed:v1:/);
});

test('one user’s ended consent and odd files are theirs alone', async (t) => {
  const credmon = await startTestCredmon(t, async (base) => [oauthProvider(base), await localProvider(base)]);
  const { running, put, pathOf } = credmon;
  await storeLogin(credmon, 'dave');
  await storeLogin(credmon, 'erin');
  put('frank', 'mytokens.top', 'not JSON at all');
  put('frank', 'scitokens.top', 'frank@foo');
  put('grace', 'mytokens.top', '{"refresh_token": ""}');
  await running.wake();
  await server.endGrants('dave');
  await until(() => running.keeper.size === 5);
  const dave = await running.keeper.renewNow('dave/mytokens');
  assert.equal(dave.lastError?.code, 'oauth/invalid-grant');
  assert.match(dave.lastError?.hint ?? '', /log in again/);
  assert.ok(existsSync(pathOf('dave', 'mytokens.use')), 'still good until it ends');
  assert.equal((await running.keeper.renewNow('erin/mytokens')).failures, 0);
  await until(() => existsSync(pathOf('frank', 'scitokens.use')));
  const frank = await until(() => running.keeper.status('frank/mytokens')?.lastError);
  assert.equal(frank.code, 'credmon/file-malformed');
  const grace = await until(() => running.keeper.status('grace/mytokens')?.lastError);
  assert.equal(grace.code, 'oauth/invalid-grant');
});

test('a handle without a login of its own gets the plain one’s token exchanged', async (t) => {
  const credmon = await startTestCredmon(t, async (base) => [
    oauthProvider(base, { exchangePerHandle: true }),
  ]);
  const { running, put, pathOf } = credmon;
  await storeLogin(credmon, 'heidi');
  await until(() => running.keeper.status('heidi/mytokens'));
  put(
    'heidi',
    'mytokens_read.top',
    '{"scopes": "storage.read:/user/alice", "audience": "https://data.example"}',
  );
  await running.wake();
  await until(() => existsSync(pathOf('heidi', 'mytokens_read.use')));
  const narrow = decodeJwt(String(readJson(pathOf('heidi', 'mytokens_read.use')).access_token));
  assert.equal(narrow.scope, 'storage.read:/user/alice');
});

test('client credentials: the access point asks in its own name', async (t) => {
  const { running, put, pathOf } = await startTestCredmon(t, async (base) => {
    const { mode: _, returnUrlSuffix: _r, exchangePerHandle: _e, ...client } = oauthProvider(base);
    const provider: ClientProvider = {
      ...client,
      mode: 'client',
      name: 'robot',
      authzTemplate: 'storage.read:/user/{username}',
      audience: [AUDIENCE],
      lifetimeSeconds: 1200,
      format: 'json',
    };
    return [provider];
  });
  put('ivan', 'robot.top', 'ivan@foo');
  await running.wake();
  await until(
    () => existsSync(pathOf('ivan', 'robot.use')),
    running.keeper.status('ivan/robot')?.lastError?.message,
  );
  const { access_token, expires_in } = readJson(pathOf('ivan', 'robot.use'));
  assert.equal(expires_in, 600);
  assert.equal(decodeJwt(String(access_token)).scope, 'storage.read:/user/ivan');
});

test('what is there at the start is not renewed before its time', async (t) => {
  const first = await startTestCredmon(t, async (base) => [oauthProvider(base)]);
  const stored = await storeLogin(first, 'judy');
  await first.running.close();
  const before = statSync(first.pathOf('judy', 'mytokens.use')).ino;
  const { startCredmon } = await import('../../src/daemon/index.ts');
  const again = startCredmon(first.running.settings, { directory: first.running.directory, log: () => {} });
  try {
    await until(() => again.lastScan);
    assert.equal(again.keeper.status('judy/mytokens')?.state, 'current');
  } finally {
    await again.close();
  }
  assert.equal(statSync(first.pathOf('judy', 'mytokens.use')).ino, before);
  assert.equal(readJson(first.pathOf('judy', 'mytokens.top')).refresh_token, stored.revealText());
});

test('a client secret file that gives nothing: the secret of the login helps out, with a warning; without one it is tried again soon', async (t) => {
  let secret = '';
  const credmon = await startTestCredmon(t, async (base) => {
    secret = join(base, 'secret');
    return [oauthProvider(base)];
  });
  const { running, pathOf, lines } = credmon;
  await storeLogin(credmon, 'erin');
  await until(() => running.keeper.status('erin/mytokens'));
  const warnings = (): readonly string[] => lines.filter((line) => /the login has left is used/.test(line));
  for (const [contents, said] of [
    [undefined, /mytokens: cannot read the client secret/],
    ['', /no client secret at the beginning/],
    ['\nsecond line', /no client secret at the beginning/],
  ] as const) {
    rmSync(secret, { force: true });
    if (contents !== undefined) writeFileSync(secret, contents);
    const { failures, lastError } = await running.keeper.renewNow('erin/mytokens');
    assert.equal(failures, 0, lastError?.message);
    assert.match(warnings().at(-1) ?? '', said);
  }
  assert.equal(warnings().length, 2, 'each told once');

  rmSync(pathOf('erin', 'mytokens.meta'));
  const failed = await running.keeper.renewNow('erin/mytokens');
  assert.equal(failed.lastError?.code, 'file/io');
  assert.equal(failed.state, 'retrying');
  assert.ok((failed.nextAt?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now() <= 61_000, 'soon');
  writeFileSync(secret, server.clientSecret('post'));
  assert.equal((await running.keeper.renewNow('erin/mytokens')).failures, 0);
});

test('to be sealed, and no key for it: no login is stored and none renewed, and the server is not asked', async (t) => {
  const credmon = await startTestCredmon(t, async (base) => [oauthProvider(base)], {
    settings: { sealRefreshTokens: true },
  });
  await assert.rejects(storeLogin(credmon, 'frank'), (error) => isLatchkeyError(error, 'sealing/key'));
  credmon.put(
    'frank',
    'mytokens.top',
    JSON.stringify({ refresh_token: 'in clear', scopes: '', audience: '' }),
  );
  const asked = tokenRequests();
  await credmon.running.wake();
  const { lastError } = await credmon.running.keeper.renewNow('frank/mytokens');
  assert.equal(lastError?.code, 'sealing/key');
  assert.equal(tokenRequests(), asked);
});
