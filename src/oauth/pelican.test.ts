import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../kit/index.ts';
import { fetchPelicanToken } from './pelican.ts';
import { scriptedServer } from './scripted-server.test.ts';

const ISSUER = 'https://op.example';
const subjectToken = new Secret(
  `e30.${Buffer.from(JSON.stringify({ iss: ISSUER })).toString('base64url')}.c2ln`,
);
const TOKEN = { access_token: 'at', token_type: 'Bearer', expires_in: 60, refresh_token: 'rt2' };

function pelican({ isDiscoverable = true } = {}) {
  const { client, asked } = scriptedServer({
    '/.well-known/openid-configuration': () =>
      isDiscoverable
        ? { issuer: ISSUER, token_endpoint: `${ISSUER}/discovered` }
        : new Response('', { status: 503 }),
    '/discovered': () => TOKEN,
    '/remembered': () => TOKEN,
    '/configured': () => TOKEN,
  });
  const { issuer: _, ...anywhere } = client;
  return { client: anywhere, asked };
}

test("the subject token is exchanged at its issuer's token endpoint, with the wish", async () => {
  const { client, asked } = pelican();
  const got = await fetchPelicanToken(client, {
    subjectToken,
    scope: 'storage.read:/',
    audience: 'https://a',
  });
  assert.deepEqual([got.issuer, got.tokenUrl], [ISSUER, `${ISSUER}/discovered`]);
  assert.equal(got.token.refreshToken?.revealText(), 'rt2');
  assert.deepEqual(Object.fromEntries(asked.at(-1)?.form ?? []), {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken.revealText(),
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    scope: 'storage.read:/',
    audience: 'https://a',
    client_id: 'ap1',
    client_secret: 's3',
  });
});

test('a refresh token goes before the subject token', async () => {
  const { client, asked } = pelican();
  await fetchPelicanToken(client, { refreshToken: new Secret('rt1'), subjectToken });
  assert.equal(asked.at(-1)?.form.get('grant_type'), 'refresh_token');
  assert.equal(asked.at(-1)?.form.get('refresh_token'), 'rt1');
});

test('the token URL: configured, else discovered, else remembered', async () => {
  const grant = { subjectToken, tokenUrl: `${ISSUER}/remembered` };
  const up = pelican();
  assert.equal((await fetchPelicanToken(up.client, grant)).tokenUrl, `${ISSUER}/discovered`);
  const down = pelican({ isDiscoverable: false });
  assert.equal((await fetchPelicanToken(down.client, grant)).tokenUrl, `${ISSUER}/remembered`);
  await assert.rejects(fetchPelicanToken(down.client, { subjectToken }), { code: 'oauth/unavailable' });
  const tokenUrl = `${ISSUER}/configured`;
  const own = pelican();
  assert.equal((await fetchPelicanToken({ ...own.client, tokenUrl }, grant)).tokenUrl, tokenUrl);
  assert.equal(own.asked.length, 1);
});

test("the client's secret goes to trusted issuers only, when there is a list of them", async () => {
  const { client, asked } = pelican();
  const options = { trustedIssuers: ['https://other.example'] };
  await assert.rejects(fetchPelicanToken(client, { subjectToken }, options), { code: 'oauth/config' });
  assert.equal(asked.length, 0);
  await fetchPelicanToken(client, { subjectToken }, { trustedIssuers: [ISSUER] });
});

test('a credential with nothing in it', async () => {
  const { client } = pelican();
  const nothing = fetchPelicanToken({ ...client, tokenUrl: `${ISSUER}/configured` }, {});
  await assert.rejects(nothing, { code: 'oauth/config' });
  await assert.rejects(fetchPelicanToken(client, { subjectToken: new Secret('opaque') }), {
    code: 'oauth/config',
  });
});
