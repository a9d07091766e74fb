import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { isLatchkeyError, Secret } from '../kit/index.ts';
import { checkVaultUrl, fetchVaultToken, type VaultOptions } from './vault.ts';

const URL_ = 'https://vault.example:8200/v1/secret/oauth/creds/wlcg/alice:default';
const VAULT_TOKEN = 'hvs.planted-vault-token';

interface Asked {
  readonly url: URL;
  readonly headers: Headers;
}

/** A Vault that gives this answer. */
function vault(body: unknown, status = 200, headers: Record<string, string> = {}) {
  const asked: Asked[] = [];
  const fetch = (async (url: string, init?: RequestInit) => {
    asked.push({ url: new URL(url), headers: new Headers(init?.headers) });
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
  }) as typeof globalThis.fetch;
  const options: VaultOptions = {
    url: URL_,
    vaultToken: new Secret(VAULT_TOKEN),
    minimumSeconds: 2_400,
    fetch,
  };
  return { asked, options };
}

test("the request: token in a header, minimum_seconds, scopes, and the audience under the plug-in's name", async () => {
  const { asked, options } = vault({ data: { access_token: 'bearer' } });
  const token = await fetchVaultToken({ ...options, scopes: 'a,b', audience: 'https://aud' });
  assert.equal(token.accessToken.revealText(), 'bearer');
  assert.equal(token.expiresAt, undefined);
  await fetchVaultToken({
    ...options,
    url: 'https://vault.example:8200/v1/secret/oauth/sts/wlcg/alice:default',
    audience: 'https://aud',
  });
  const [creds, sts] = asked;
  assert.equal(creds?.headers.get('x-vault-token'), VAULT_TOKEN);
  assert.deepEqual(Object.fromEntries(creds?.url.searchParams ?? []), {
    minimum_seconds: '2400',
    scopes: 'a,b',
    audience: 'https://aud',
  });
  assert.deepEqual([...(sts?.url.searchParams.keys() ?? [])], ['minimum_seconds', 'audiences']);
  assert.equal(String(creds?.url).includes(VAULT_TOKEN), false);
});

test('URLs that are no Vault of ours are refused before the token goes there', () => {
  for (const url of [
    'http://vault.example:8200/v1/x',
    'https://vault.example/v1/x',
    'https://vault.example:8201/v1/x',
    'https://vault.example:8200/v2/x',
    'https://vault.example:8200/v10/x',
    'https://vault.example:8200/x/../../v1x',
    'https://user:pw@vault.example:8200/v1/x',
    'vault.example:8200/v1/x',
    '',
  ]) {
    assert.throws(
      () => checkVaultUrl({ url }),
      (error) => isLatchkeyError(error, 'oauth/config') && !error.message.includes('user:pw'),
      url,
    );
  }
  const trusted = { url: URL_, trustedHosts: ['VAULT.example'] };
  assert.equal(checkVaultUrl(trusted).hostname, 'vault.example');
  assert.throws(() => checkVaultUrl({ url: URL_, trustedHosts: ['other.example'] }), {
    code: 'oauth/config',
  });
  assert.throws(() => checkVaultUrl({ url: URL_, trustedHosts: [] }), { code: 'oauth/config' });
});

test('what a Vault can answer', async () => {
  const cases: [unknown, number, string, boolean][] = [
    [{ errors: ['1 error occurred:\n\t* permission denied\n\n'] }, 403, 'oauth/vault-denied', false],
    [{ errors: ['Permission denied'] }, 400, 'oauth/vault-denied', false],
    [{ errors: [`no handler for ${VAULT_TOKEN}`] }, 404, 'oauth/refused', false],
    [{ errors: [] }, 503, 'oauth/unavailable', true],
    ['<html>', 502, 'oauth/unavailable', true],
    ['<html>', 200, 'oauth/bad-response', false],
    [{}, 429, 'oauth/unavailable', true],
    [{}, 200, 'oauth/bad-response', false],
    [{ data: { access_token: 'a\nb' } }, 200, 'oauth/bad-response', false],
    [{ data: null }, 200, 'oauth/bad-response', false],
    ['', 307, 'oauth/bad-response', false],
  ];
  for (const [body, status, code, retryable] of cases) {
    const { options } = vault(body, status, { 'retry-after': '9' });
    await assert.rejects(fetchVaultToken(options), (error) => {
      assert.ok(isLatchkeyError(error), inspect(error));
      assert.deepEqual([error.code, error.retryable], [code, retryable], inspect(body));
      assert.ok(error.hint);
      if (retryable) assert.equal(error.details.retryAfterSeconds, 9);
      assert.doesNotMatch(error.message, /[\p{Cc}]/u);
      assert.equal(inspect(error).includes(VAULT_TOKEN), false);
      return true;
    });
  }
});

test('a Vault token that cannot stand in a header is not sent', async () => {
  const { asked, options } = vault({});
  for (const token of ['', 'a b', 'a\r\nb']) {
    await assert.rejects(fetchVaultToken({ ...options, vaultToken: new Secret(token) }), {
      code: 'oauth/config',
    });
  }
  assert.equal(asked.length, 0);
});
