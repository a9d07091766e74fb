import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import { boundedFetch, type Clock, isLatchkeyError, type Secret, systemClock } from '../../src/kit/index.ts';
import {
  awaitDeviceLogin,
  beginAuthorization,
  beginDeviceLogin,
  exchangeToken,
  finishAuthorization,
  type OAuthClient,
  pollDeviceLogin,
  refreshAccessToken,
  requestClientToken,
  revokeToken,
  type TokenResponse,
} from '../../src/oauth/index.ts';
import {
  type AuthorizationServer,
  type Registration,
  startAuthorizationServer,
} from '../support/authorization-server.ts';
import { plainBrowser } from '../support/plain-browser.ts';

const REDIRECT = 'https://localhost:9/return/mytokens';
const RESOURCE = 'https://data.example';
const REGISTRATIONS: readonly Registration[] = ['basic', 'post', 'jwt', 'public'];

let server: AuthorizationServer;
before(async () => {
  server = await startAuthorizationServer();
});
after(() => server.close());

/** The clock of the machine, without the waiting. */
const hurried: Clock = { now: () => new Date(), sleep: (_, signal) => systemClock.sleep(20, signal) };

async function logIn(client: OAuthClient, scope: string, user = 'alice'): Promise<TokenResponse> {
  const { url, pending } = await beginAuthorization(client, {
    redirectUri: REDIRECT,
    scope,
    resource: RESOURCE,
  });
  const callback = await server.logIn(url, { user, redirectUri: REDIRECT });
  // What is pending waits as JSON until the browser is back.
  return finishAuthorization(client, JSON.parse(JSON.stringify(pending)), callback);
}

function newRefreshToken(token: TokenResponse): Secret {
  assert.ok(token.refreshToken);
  return token.refreshToken;
}

for (const registration of REGISTRATIONS) {
  test(`authorization code with PKCE, refresh with rotation and revocation as ${registration}`, async () => {
    const client = server.client(registration);
    const first = await logIn(client, 'openid storage.read:/user/alice');
    const claims = decodeJwt(first.accessToken.revealText());
    assert.equal(claims.aud, RESOURCE);
    assert.equal(claims.scope, 'storage.read:/user/alice');
    assert.deepEqual(first.subject, { issuer: server.issuer, subject: 'alice', name: undefined });
    assert.equal(first.expiresIn, 600);
    assert.equal('refresh_token' in first.members, false);

    const old = newRefreshToken(first);
    const second = await refreshAccessToken(client, old);
    const rotated = newRefreshToken(second);
    assert.equal(rotated.equals(old), false);
    assert.equal(decodeJwt(second.accessToken.revealText()).aud, RESOURCE);

    assert.equal(await revokeToken(client, rotated, { kind: 'refresh_token' }), true);
    await assert.rejects(refreshAccessToken(client, rotated), isInvalidGrant);
    assert.equal(await revokeToken(client, rotated), true, 'an unknown token counts as revoked');
  });
}

function isInvalidGrant(error: unknown): true {
  assert.ok(isLatchkeyError(error, 'oauth/invalid-grant'), String(error));
  assert.equal(error.retryable, false);
  assert.match(error.hint ?? '', /log in again/);
  return true;
}

test('the authorization request is pushed: the browser sees nothing but its reference', async () => {
  const { url } = await beginAuthorization(server.client(), { redirectUri: REDIRECT, scope: 'openid a:/' });
  assert.deepEqual([...new URL(url).searchParams.keys()].sort(), ['client_id', 'request_uri']);
});

test('without discovery the request is plain, and the flow works with URLs alone', async () => {
  const { issuer: _, ...rest } = server.client();
  const client: OAuthClient = {
    ...rest,
    authorizationUrl: `${server.issuer}/auth`,
    tokenUrl: `${server.issuer}/token`,
  };
  const { url, pending } = await beginAuthorization(client, {
    redirectUri: REDIRECT,
    scope: 'openid read:/x',
  });
  const query = new URL(url).searchParams;
  assert.equal(query.get('code_challenge_method'), 'S256');
  assert.equal(query.get('state'), pending.state);
  const callback = await server.logIn(url, { user: 'bob', redirectUri: REDIRECT });
  const token = await finishAuthorization(client, pending, callback);
  assert.equal(decodeJwt(token.accessToken.revealText()).sub, 'bob');
  assert.equal(token.subject, undefined, 'nobody says where the keys of its ID token are');
});

test('a refused consent is oauth/denied', async () => {
  const { url, pending } = await beginAuthorization(server.client(), {
    redirectUri: REDIRECT,
    scope: 'openid',
  });
  const callback = await server.logIn(url, { user: 'alice', consent: false, redirectUri: REDIRECT });
  await assert.rejects(finishAuthorization(server.client(), pending, callback), { code: 'oauth/denied' });
});

test("another login's answer, a changed issuer and a code used twice are refused", async () => {
  const client = server.client();
  const options = { redirectUri: REDIRECT, scope: 'openid' };
  const [one, other] = [await beginAuthorization(client, options), await beginAuthorization(client, options)];
  const callback = await server.logIn(one.url, { user: 'alice', redirectUri: REDIRECT });
  await assert.rejects(finishAuthorization(client, other.pending, callback), { code: 'oauth/mismatch' });
  const mixedUp = new URL(callback);
  mixedUp.searchParams.set('iss', 'https://evil.example');
  await assert.rejects(finishAuthorization(client, one.pending, mixedUp), { code: 'oauth/mismatch' });
  mixedUp.searchParams.delete('iss');
  await assert.rejects(finishAuthorization(client, one.pending, mixedUp), { code: 'oauth/mismatch' });
  const stolen = { ...one.pending, verifier: other.pending.verifier };
  await assert.rejects(finishAuthorization(client, stolen, callback), { code: 'oauth/invalid-grant' });
});

test('a rotated refresh token that is used again ends the whole grant', async () => {
  const client = server.client();
  const first = await logIn(client, 'storage.read:/');
  const second = await refreshAccessToken(client, newRefreshToken(first));
  await assert.rejects(refreshAccessToken(client, newRefreshToken(first)), isInvalidGrant);
  await assert.rejects(refreshAccessToken(client, newRefreshToken(second)), isInvalidGrant);
});

test('withdrawn consent is invalid-grant', async () => {
  const client = server.client();
  const token = await logIn(client, 'storage.read:/', 'carol');
  await server.endGrants('carol');
  await assert.rejects(refreshAccessToken(client, newRefreshToken(token)), isInvalidGrant);
});

test('device flow: pending, confirmed, with a refresh token', async () => {
  const client = server.client('public');
  const login = await beginDeviceLogin(client, {
    scope: 'openid storage.read:/user/alice',
    resource: RESOURCE,
  });
  assert.match(login.userCode, /^[A-Z]{4}-[A-Z]{4}$/);
  assert.equal(login.verificationUrl, `${server.issuer}/device`);
  await assert.rejects(pollDeviceLogin(client, login), { code: 'oauth/pending', retryable: true });
  let polls = 0;
  const clock: Clock = {
    ...hurried,
    sleep: async (milliseconds, signal) => {
      assert.equal(milliseconds, login.intervalSeconds * 1_000);
      polls += 1;
      if (polls === 3) await server.approveDevice(login.userCode, 'alice');
      await hurried.sleep(milliseconds, signal);
    },
  };
  const token = await awaitDeviceLogin(client, login, { clock });
  assert.equal(polls, 3);
  assert.equal(decodeJwt(token.accessToken.revealText()).aud, RESOURCE);
  assert.equal(token.subject?.subject, 'alice');
  assert.ok((await refreshAccessToken(client, newRefreshToken(token))).refreshToken);
});

test("device flow: confirmed at the server's own pages", async () => {
  const client = server.client('public');
  const login = await beginDeviceLogin(client, { scope: 'openid storage.read:/user/bob' });
  const browser = plainBrowser(boundedFetch({ ca: server.ca }));
  let page = await browser.open(login.verificationUrl);
  page = await browser.submit(page, { user_code: login.userCode });
  page = await browser.submit(page, {});
  page = await browser.submit(page, { user: 'bob' });
  page = await browser.submit(page, {}, { button: 'approve' });
  assert.match(page.text, /The device is logged in/);
  assert.equal((await pollDeviceLogin(client, login)).subject?.subject, 'bob');
});

test('device flow: refused, and given up', async () => {
  const client = server.client('public');
  const refused = await beginDeviceLogin(client, { scope: 'openid' });
  await server.refuseDevice(refused.userCode);
  await assert.rejects(awaitDeviceLogin(client, refused, { clock: hurried }), { code: 'oauth/denied' });
  const login = await beginDeviceLogin(client, { scope: 'openid' });
  const reason = new Error('the user went away');
  const wait = awaitDeviceLogin(client, login, { signal: AbortSignal.abort(reason) });
  await assert.rejects(wait, (error) => error === reason || (error as Error).cause === reason);
});

for (const registration of REGISTRATIONS.filter((name) => name !== 'public')) {
  test(`client credentials as ${registration}`, async () => {
    const token = await requestClientToken(server.client(registration), {
      scope: 'compute.read',
      resource: 'https://ce.example',
    });
    const claims = decodeJwt(token.accessToken.revealText());
    assert.equal(claims.aud, 'https://ce.example');
    assert.equal(claims.scope, 'compute.read');
    assert.equal(token.refreshToken, undefined);
  });
}

test('client credentials with a wrong secret are refused, and the hint says what to check', async () => {
  const { issuer, ca } = server;
  const wrong = { ...server.client(), authentication: server.client('public').authentication, issuer, ca };
  await assert.rejects(requestClientToken(wrong), (error) => {
    assert.ok(isLatchkeyError(error, 'oauth/refused'));
    assert.equal(error.details.oauthError, 'invalid_client');
    assert.match(error.hint ?? '', /client id/);
    return true;
  });
});

test('token exchange: fewer scopes and another audience; never more', async () => {
  const client = server.client();
  const { accessToken } = await logIn(client, 'storage.read:/user/alice');
  const narrow = await exchangeToken(client, {
    subjectToken: accessToken,
    scope: 'storage.read:/user/alice/run7',
    audience: 'https://se2.example',
  });
  const claims = decodeJwt(narrow.accessToken.revealText());
  assert.deepEqual([claims.scope, claims.aud], ['storage.read:/user/alice/run7', 'https://se2.example']);
  assert.equal(claims.sub, 'alice');
  await assert.rejects(exchangeToken(client, { subjectToken: accessToken, scope: 'storage.modify:/' }), {
    code: 'oauth/refused',
  });
});
