import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discover, serverMetadata } from './discovery.ts';
import { scriptedServer } from './scripted-server.test.ts';

const OIDC = '/.well-known/openid-configuration';
const DOCUMENT = { issuer: 'https://op.example', token_endpoint: 'https://op.example/token' };
const notFound = (): Response => new Response('', { status: 404 });

test('one request serves everybody for an hour; a failure is not remembered', async () => {
  let isDown = true;
  const { client, asked } = scriptedServer({
    [OIDC]: () => (isDown ? new Response('', { status: 503 }) : DOCUMENT),
  });
  await assert.rejects(discover('https://op.example', client), {
    code: 'oauth/unavailable',
    retryable: true,
  });
  isDown = false;
  const twice = [discover('https://op.example', client), discover('https://op.example', client)];
  for (const { token_endpoint } of await Promise.all(twice))
    assert.equal(token_endpoint, DOCUMENT.token_endpoint);
  assert.equal(asked.length, 2);
});

test('the document is read anew after an hour', async () => {
  const { client, asked } = scriptedServer({ [OIDC]: () => DOCUMENT });
  let now = 0;
  const clock = { now: () => new Date(now), sleep: async () => {} };
  await discover('https://op.example', client, { clock });
  now = 3_599_000;
  await discover('https://op.example', client, { clock });
  assert.equal(asked.length, 1);
  now = 3_601_000;
  await discover('https://op.example', client, { clock });
  assert.equal(asked.length, 2);
});

test("OpenID Connect's place first, RFC 8414's after it, with the issuer's path where each wants it", async () => {
  const issuer = 'https://op.example/realm';
  const { client, asked } = scriptedServer({
    '/realm/.well-known/openid-configuration': notFound,
    '/.well-known/oauth-authorization-server/realm': () => ({ ...DOCUMENT, issuer }),
  });
  assert.equal((await discover(issuer, client)).issuer, issuer);
  assert.equal(asked.length, 2);
});

test("another issuer's document is refused; a slash at the end is not another issuer", async () => {
  const { client } = scriptedServer({ [OIDC]: () => ({ ...DOCUMENT, issuer: 'https://evil.example' }) });
  await assert.rejects(discover('https://op.example', client), {
    code: 'oauth/mismatch',
    hint: 'configure the issuer exactly as the server calls itself: "https://evil.example"',
  });
  const slash = scriptedServer({
    '/realm/.well-known/openid-configuration': () => ({ ...DOCUMENT, issuer: 'https://op.example/realm/' }),
  });
  const { issuer } = await discover('https://op.example/realm', slash.client);
  assert.equal(issuer, 'https://op.example/realm/');
});

test('endpoints that are no URLs, and issuers that are none', async () => {
  const { client } = scriptedServer({ [OIDC]: () => ({ ...DOCUMENT, token_endpoint: 'token' }) });
  await assert.rejects(discover('https://op.example', client), { code: 'oauth/bad-response' });
  for (const issuer of [
    'op.example',
    'https://op.example?x',
    'https://user@op.example',
    'https://op.example#x',
  ]) {
    await assert.rejects(discover(issuer, client), { code: 'oauth/config' }, issuer);
  }
  await assert.rejects(discover('http://op.example', client), { code: 'http/insecure' });
});

test('what is configured wins, and nothing is asked when nothing is missing', async () => {
  const { client, asked } = scriptedServer({ [OIDC]: () => DOCUMENT });
  const mine = { ...client, tokenUrl: 'https://op.example/mine' };
  assert.equal((await serverMetadata(mine, ['token_endpoint'])).token_endpoint, 'https://op.example/mine');
  assert.equal(asked.length, 0);
  const all = await serverMetadata(mine, ['token_endpoint'], { alwaysDiscover: true });
  assert.equal(all.token_endpoint, 'https://op.example/mine');
  assert.equal(asked.length, 1);
  const { issuer: _, ...nowhere } = client;
  await assert.rejects(serverMetadata(nowhere, ['token_endpoint']), {
    code: 'oauth/config',
    message: 'neither an issuer nor the token endpoint is configured',
  });
});

test('who gives up ends its own waiting, not that of others', async () => {
  let answer = (_: unknown): void => {};
  const { client } = scriptedServer({ [OIDC]: () => DOCUMENT });
  const slow = {
    ...client,
    fetch: (async (input: string) => {
      await new Promise((resolve) => {
        answer = resolve;
      });
      return client.fetch?.(input);
    }) as typeof fetch,
  };
  const controller = new AbortController();
  const impatient = discover('https://op.example', slow, { signal: controller.signal });
  const patient = discover('https://op.example', slow);
  const reason = new Error('enough');
  controller.abort(reason);
  await assert.rejects(impatient, (error) => error === reason);
  answer(undefined);
  assert.equal((await patient).issuer, DOCUMENT.issuer);
});
