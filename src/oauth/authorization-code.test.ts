import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { beginAuthorization, finishAuthorization } from './authorization-code.ts';
import type { OAuthClient } from './client.ts';
import { scriptedServer } from './scripted-server.test.ts';

const REDIRECT = 'https://ap.example/return/mytokens';
const DOCUMENT = {
  issuer: 'https://op.example',
  authorization_endpoint: 'https://op.example/authorize?tenant=1',
  token_endpoint: 'https://op.example/token',
};
const TOKEN = { access_token: 'at', token_type: 'Bearer', expires_in: 60, refresh_token: 'rt' };

const server = (more: Record<string, unknown> = {}) =>
  scriptedServer({
    '/.well-known/openid-configuration': () => ({ ...DOCUMENT, ...more }),
    '/token': () => TOKEN,
    '/par': () => Response.json({ request_uri: 'urn:par:1', expires_in: 60 }, { status: 201 }),
  });

test('the request: PKCE, state, scope, resource; a nonce with openid only', async () => {
  const { client } = server();
  const { url, pending } = await beginAuthorization(client, {
    redirectUri: REDIRECT,
    scope: 'read:/a offline_access',
    resource: ['https://one.example', 'https://two.example'],
    parameters: { prompt: 'login' },
  });
  const query = new URL(url).searchParams;
  const challenge = createHash('sha256').update(pending.verifier).digest('base64url');
  assert.deepEqual(
    [...query].filter(([name]) => name !== 'state'),
    [
      ['tenant', '1'],
      ['scope', 'read:/a offline_access'],
      ['resource', 'https://one.example'],
      ['resource', 'https://two.example'],
      ['prompt', 'login'],
      ['response_type', 'code'],
      ['client_id', 'ap1'],
      ['redirect_uri', REDIRECT],
      ['code_challenge', challenge],
      ['code_challenge_method', 'S256'],
    ],
  );
  assert.equal(query.get('state'), pending.state);
  assert.ok(pending.state.length >= 40 && pending.verifier.length >= 40);
  const withOpenid = await beginAuthorization(client, { redirectUri: REDIRECT, scope: 'openid' });
  assert.equal(new URL(withOpenid.url).searchParams.get('nonce'), withOpenid.pending.nonce);
  assert.notEqual(withOpenid.pending.state, pending.state);
});

test('an empty scope or resource is not sent, and no parameter can replace what the protocol sets', async () => {
  const { client } = server();
  const { url, pending } = await beginAuthorization(client, {
    redirectUri: REDIRECT,
    scope: '',
    resource: '',
    parameters: { state: 'mine', code_challenge_method: 'plain' },
  });
  const query = new URL(url).searchParams;
  assert.equal(query.has('scope'), false);
  assert.equal(query.has('resource'), false);
  assert.deepEqual(query.getAll('state'), [pending.state]);
  assert.deepEqual(query.getAll('code_challenge_method'), ['S256']);
});

test('a pushed request: all parameters go to the server, the browser gets the reference', async () => {
  const { client, asked } = server({ pushed_authorization_request_endpoint: 'https://op.example/par' });
  const { url, pending } = await beginAuthorization(client, { redirectUri: REDIRECT, scope: 'a' });
  const query = Object.fromEntries(new URL(url).searchParams);
  assert.deepEqual(query, { tenant: '1', client_id: 'ap1', request_uri: 'urn:par:1' });
  const pushed = asked.find(({ url: { pathname } }) => pathname === '/par')?.form;
  assert.equal(pushed?.get('state'), pending.state);
  assert.equal(pushed?.get('client_secret'), 's3');
});

test('the exchange sends the verifier and the resource again', async () => {
  const { client, asked } = server();
  const { pending } = await beginAuthorization(client, {
    redirectUri: REDIRECT,
    resource: 'https://data.example',
  });
  const callback = `${REDIRECT}?code=c0de&state=${pending.state}`;
  const token = await finishAuthorization(client, JSON.parse(JSON.stringify(pending)), callback);
  assert.equal(token.refreshToken?.revealText(), 'rt');
  const form = asked.at(-1)?.form;
  assert.deepEqual(
    ['code', 'code_verifier', 'redirect_uri', 'resource'].map((name) => form?.get(name)),
    ['c0de', pending.verifier, REDIRECT, 'https://data.example'],
  );
});

test('answers that are not those of this login', async () => {
  const { client } = server({ authorization_response_iss_parameter_supported: true });
  const { pending } = await beginAuthorization(client, { redirectUri: REDIRECT });
  const { state } = pending;
  const iss = 'iss=https%3A%2F%2Fop.example';
  const cases: [string, string][] = [
    [`code=c&${iss}`, 'oauth/mismatch'],
    [`code=c&state=${state}x&${iss}`, 'oauth/mismatch'],
    [`code=c&state=${state}`, 'oauth/mismatch'],
    [`code=c&state=${state}&iss=https%3A%2F%2Fevil.example`, 'oauth/mismatch'],
    [`code=c&code=d&state=${state}&${iss}`, 'oauth/mismatch'],
    [`state=${state}&${iss}`, 'oauth/mismatch'],
    [`error=access_denied&state=other&${iss}`, 'oauth/mismatch'],
    [`error=access_denied&state=${state}&${iss}`, 'oauth/denied'],
    [`error=server_error&state=${state}&${iss}`, 'oauth/unavailable'],
    [`error=invalid_scope&error_description=%1b%5b2J${state}&state=${state}&${iss}`, 'oauth/refused'],
  ];
  for (const [query, code] of cases) {
    await assert.rejects(finishAuthorization(client, pending, `${REDIRECT}?${query}`), (error) => {
      assert.equal((error as { code: string }).code, code, query);
      assert.equal(String(error).includes(state), false, 'the state is a secret');
      return true;
    });
  }
});

test('servers with wishes of their own get them', async () => {
  const { client } = server();
  const cases: [string, Record<string, string>][] = [
    ['https://accounts.google.com/o/oauth2/v2/auth', { access_type: 'offline', prompt: 'consent' }],
    ['https://www.dropbox.com/oauth2/authorize', { token_access_type: 'offline' }],
  ];
  for (const [authorizationUrl, wanted] of cases) {
    const { issuer: _, ...rest } = client;
    const known: OAuthClient = { ...rest, authorizationUrl, tokenUrl: 'https://op.example/token' };
    const { url } = await beginAuthorization(known, { redirectUri: REDIRECT });
    for (const [name, value] of Object.entries(wanted))
      assert.equal(new URL(url).searchParams.get(name), value);
  }
});

test('a login page without https is refused', async () => {
  const { client } = server({ authorization_endpoint: 'http://op.example/authorize' });
  await assert.rejects(beginAuthorization(client, { redirectUri: REDIRECT }), { code: 'oauth/config' });
});
