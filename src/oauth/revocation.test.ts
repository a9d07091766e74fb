import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../kit/index.ts';
import { revokeToken } from './revocation.ts';
import { errorAnswer, scriptedServer } from './scripted-server.test.ts';

const DOCUMENT = { issuer: 'https://op.example', revocation_endpoint: 'https://op.example/revoke' };
const token = new Secret('rt');

const server = (answer: () => unknown, document: Record<string, unknown> = DOCUMENT) =>
  scriptedServer({ '/.well-known/openid-configuration': () => document, '/revoke': answer });

test('the request: token, hint, and who asks', async () => {
  const { client, asked } = server(() => new Response(''));
  assert.equal(await revokeToken(client, token, { kind: 'refresh_token' }), true);
  assert.deepEqual(Object.fromEntries(asked.at(-1)?.form ?? []), {
    token: 'rt',
    token_type_hint: 'refresh_token',
    client_id: 'ap1',
    client_secret: 's3',
  });
});

test('a token that the server does not know counts as revoked', async () => {
  for (const answer of [new Response(null, { status: 204 }), errorAnswer('invalid_grant')]) {
    assert.equal(await revokeToken(server(() => answer).client, token), true);
  }
});

test('a server without revocation, and a configured URL without discovery', async () => {
  const { client } = server(() => assert.fail(), { issuer: DOCUMENT.issuer });
  assert.equal(await revokeToken(client, token), false);
  const { issuer: _, ...plain } = client;
  assert.equal(await revokeToken({ ...plain, tokenUrl: 'https://op.example/token' }, token), false);
  const configured = server(() => new Response(''));
  const mine = { ...configured.client, revocationUrl: 'https://op.example/revoke' };
  assert.equal(await revokeToken(mine, token), true);
  assert.equal(configured.asked.length, 1);
});

test('refusals and outages are errors', async () => {
  const refused = server(() => errorAnswer('unsupported_token_type')).client;
  await assert.rejects(revokeToken(refused, token), { code: 'oauth/refused', retryable: false });
  const away = server(() => new Response('', { status: 503 })).client;
  await assert.rejects(revokeToken(away, token), { code: 'oauth/unavailable', retryable: true });
  const odd = server(() => new Response('', { status: 418 })).client;
  await assert.rejects(revokeToken(odd, token), { code: 'oauth/bad-response' });
});
