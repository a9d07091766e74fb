import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { dangerouslyDecodeToken } from './compact-token.ts';
import { issueToken } from './issue-token.ts';
import { makeSigningKey } from './signing-key.ts';
import type { TokenRequest } from './token-request.ts';

const NOW = new Date('2026-11-22T12:00:00.750Z');
const SECONDS = 1_795_348_800;
const key = makeSigningKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'local');

const REQUEST: TokenRequest = {
  profile: 'scitokens:2.0',
  issuer: 'https://tokens.example',
  subject: 'alice',
  audience: ['https://data.example'],
  scope: 'read:/user/alice',
  lifetimeSeconds: 1200,
};

function issued(more: Partial<TokenRequest> = {}): Readonly<Record<string, unknown>> {
  const { token, id } = issueToken({ ...REQUEST, ...more }, key, NOW);
  const { header, claims } = dangerouslyDecodeToken(token);
  assert.deepEqual(header, { alg: 'ES256', typ: 'JWT', kid: 'local' });
  assert.equal(claims.jti, id);
  const { jti: _, ...rest } = claims;
  return rest;
}

const BASE = { iss: 'https://tokens.example', sub: 'alice', iat: SECONDS, nbf: SECONDS, exp: SECONDS + 1200 };

test('the claims of each profile', () => {
  const scope = 'read:/user/alice';
  const aud = ['https://data.example'];
  assert.deepEqual(issued(), { ...BASE, aud, scope, ver: 'scitoken:2.0' });
  assert.deepEqual(issued({ profile: 'scitokens:1.0' }), { ...BASE, aud, scope });
  assert.deepEqual(issued({ profile: 'scitokens:1.0', audience: [] }), { ...BASE, scope });
  assert.deepEqual(issued({ profile: 'wlcg:1.0', groups: ['/cms'] }), {
    ...BASE,
    aud,
    scope,
    'wlcg.ver': '1.0',
    'wlcg.groups': ['/cms'],
  });
  assert.deepEqual(issued({ scope: '' }), { ...BASE, aud, ver: 'scitoken:2.0' });
  assert.equal(issued({ notBeforeSkewSeconds: 60 }).nbf, SECONDS - 60);
  assert.equal(issued({ claims: { extra: 1 } }).extra, 1);
  assert.equal(issued({ profile: 'scitokens:1.0', claims: { ver: 'scitoken:9' } }).ver, 'scitoken:9');
});

test('every token has a name of its own', () => {
  const ids = new Set(Array.from({ length: 50 }, () => issueToken(REQUEST, key, NOW).id));
  assert.equal(ids.size, 50);
});

test('what no verifier would accept is not signed', () => {
  for (const more of [
    { issuer: '' },
    { subject: '' },
    { subject: 'a\nb' },
    { audience: [] },
    { audience: [''] },
    { profile: 'wlcg:1.0' as const, audience: [] },
    { lifetimeSeconds: 0 },
    { lifetimeSeconds: 1.5 },
    { lifetimeSeconds: Number.NaN },
    { notBeforeSkewSeconds: -1 },
    { scope: 'read:/user/../root' },
    { scope: 'read:relative' },
    { scope: 'read' },
    { claims: { sub: 'root' } },
    { claims: { exp: 1 } },
    { claims: { ver: 'scitoken:1.0' } },
  ]) {
    assert.throws(
      () => issueToken({ ...REQUEST, ...more }, key, NOW),
      (error) => isLatchkeyError(error, 'tokens/value-invalid'),
      JSON.stringify(more),
    );
  }
});

test('the token is a secret', () => {
  const made = issueToken(REQUEST, key, NOW);
  assert.equal(JSON.parse(JSON.stringify(made)).token, '[secret]');
});
