import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { isLatchkeyError } from '../kit/index.ts';
import { subjectOf } from './id-token.ts';
import { scriptedServer } from './scripted-server.test.ts';
import { parseTokenAnswer } from './token-answer.ts';

const ISSUER = 'https://op.example';
const NONCE = 'n-0S6_WzA2Mj';
const [known, stranger] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
const jwks = { keys: [{ ...(await exportJWK(known.publicKey)), kid: 'k1', use: 'sig', alg: 'ES256' }] };

function idToken(claims: JWTPayload = {}, key = known.privateKey, kid = 'k1'): Promise<string> {
  return new SignJWT({ sub: '24400320', nonce: NONCE, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer(claims.iss ?? ISSUER)
    .setAudience(claims.aud ?? 'ap1')
    .setIssuedAt(claims.iat)
    .setExpirationTime(claims.exp ?? '10m')
    .sign(key);
}

async function subject(token: string | undefined, metadata: Record<string, unknown> = {}) {
  const broken = { keys: [{ ...jwks.keys[0], x: 'AAAA' }] };
  const { client } = scriptedServer({ '/jwks': () => jwks, '/broken': () => broken });
  const answer = {
    access_token: 'at',
    token_type: 'Bearer',
    ...(token === undefined ? {} : { id_token: token }),
  };
  const server = {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/jwks`,
    id_token_signing_alg_values_supported: ['ES256'],
    ...metadata,
  };
  return subjectOf(parseTokenAnswer(answer, 'there', new Date()), server, client, NONCE, {});
}

test('who logged in: sub, and a name for people', async () => {
  assert.deepEqual(await subject(await idToken({ name: 'Alice\u001b Example' })), {
    issuer: ISSUER,
    subject: '24400320',
    name: 'Alice? Example',
  });
  const plain = await subject(await idToken({ preferred_username: 'alice' }));
  assert.equal(plain?.name, 'alice');
});

test('no ID token, or nobody says where the keys are: nobody is named', async () => {
  assert.equal(await subject(undefined), undefined);
  assert.equal(await subject(await idToken(), { jwks_uri: undefined }), undefined);
});

test("ID tokens that are not this login's, or not the server's", async () => {
  const [header = '', payload = ''] = (await idToken()).split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const hmac = Buffer.from('{"alg":"HS256"}').toString('base64url');
  const cases: [string, string][] = [
    ["a stranger's signature", await idToken({}, stranger.privateKey)],
    ['an unknown key', await idToken({}, known.privateKey, 'k2')],
    ['no signature', `${none}.${payload}.`],
    ['a signature with a shared secret', `${hmac}.${payload}.c2ln`],
    ['a broken signature', `${header}.${payload}.c2ln`],
    ['another client', await idToken({ aud: 'somebody-else' })],
    ['another issuer', await idToken({ iss: 'https://evil.example' })],
    ['another login', await idToken({ nonce: 'other' })],
    ['no nonce', await idToken({ nonce: undefined })],
    ['ended', await idToken({ exp: 1_000 })],
    ['no JWT', 'opaque'],
    ['no JSON', 'e30x.bm90IGpzb24.c2ln'],
  ];
  for (const [what, token] of cases) {
    await assert.rejects(subject(token), (error) => {
      assert.ok(isLatchkeyError(error), `${what}: ${inspect(error)}`);
      assert.match(error.code, /^oauth\/(mismatch|bad-response)$/, what);
      assert.ok(error.hint, what);
      assert.equal(inspect(error).includes(payload), false, what);
      return true;
    });
  }
});

test('published keys that are none', async () => {
  const good = await idToken();
  await assert.rejects(subject(good, { jwks_uri: `${ISSUER}/broken` }), { code: 'oauth/bad-response' });
});
