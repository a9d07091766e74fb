import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { signBytes } from './algorithm.ts';
import { allows, groupsOf } from './allows.ts';
import { issueToken } from './issue-token.ts';
import { fixedKeys } from './jwk-set.ts';
import type { KeySource } from './key-source.ts';
import { makePublishedKey } from './published-key.ts';
import { makeSigningKey } from './signing-key.ts';
import type { TokenRequest } from './token-request.ts';
import { rejectedError, type VerifyOptions, verifyToken } from './verify-token.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const ISSUER = 'https://tokens.example';
const AUDIENCE = 'https://data.example';
const key = makeSigningKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'k');
const keys = fixedKeys([makePublishedKey(key.privateKey, 'k')]);
const OPTIONS: VerifyOptions = { keys, issuers: [ISSUER], audience: [AUDIENCE], now: NOW };

const REQUEST: TokenRequest = {
  profile: 'wlcg:1.0',
  issuer: ISSUER,
  subject: 'alice',
  audience: [AUDIENCE],
  scope: 'storage.read:/a',
  lifetimeSeconds: 1200,
};

function sign(claims: object, header: object = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'ES256', typ: 'JWT', kid: 'k', ...header })}.${part(claims)}`;
  return `${input}.${signBytes('ES256', Buffer.from(input), key.privateKey).toString('base64url')}`;
}

const WLCG = {
  'wlcg.ver': '1.0',
  iss: ISSUER,
  sub: 'alice',
  aud: AUDIENCE,
  iat: SECONDS,
  exp: SECONDS + 60,
  jti: 'x',
};

async function codes(token: string, more: Partial<VerifyOptions> = {}): Promise<readonly string[]> {
  return (await verifyToken(token, { ...OPTIONS, ...more })).findings.map(({ code }) => code);
}

test('what we issue we verify, and know what it allows', async () => {
  const report = await verifyToken(issueToken(REQUEST, key, NOW).token, OPTIONS);
  assert.ok(report.ok);
  assert.deepEqual([report.token.kind, report.token.subject, report.token.keyId], ['wlcg', 'alice', 'k']);
  assert.equal(allows(report.token, 'read', '/a/b'), true);
  assert.equal(allows(report.token, 'read', '/ab'), false);
});

test('clocks may differ by a minute, or as is said', async () => {
  const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
  const token = sign({ ...WLCG, nbf: SECONDS });
  assert.deepEqual(await codes(token, { now: at(119) }), []);
  assert.deepEqual(await codes(token, { now: at(120) }), ['time/expired']);
  assert.deepEqual(await codes(token, { now: at(-60) }), []);
  assert.deepEqual(await codes(token, { now: at(-61) }), ['time/not-yet']);
  assert.deepEqual(await codes(token, { now: at(59), clockSkewSeconds: 0 }), []);
  assert.deepEqual(await codes(token, { now: at(60), clockSkewSeconds: 0 }), ['time/expired']);
});

test('later minor versions of the WLCG profile, audiences as text or list, access tokens of RFC 9068', async () => {
  assert.deepEqual(await codes(sign({ ...WLCG, 'wlcg.ver': '1.3' })), []);
  assert.deepEqual(await codes(sign({ ...WLCG, aud: ['https://other.example', AUDIENCE] })), []);
  assert.deepEqual(
    await codes(sign({ ...WLCG, aud: 'https://wlcg.cern.ch/jwt/v1/any' }), { audience: [] }),
    [],
  );
  const { 'wlcg.ver': _, ...plain } = WLCG;
  const access = { ...plain, client_id: 'c', scope: 'read:/a openid' };
  assert.deepEqual(await codes(sign(access, { typ: 'at+jwt' })), []);
  assert.deepEqual(await codes(sign(access, { typ: 'application/AT+JWT' })), []);
  assert.deepEqual(await codes(sign({ ...access, client_id: undefined }, { typ: 'at+jwt' })), [
    'claim/missing',
  ]);
  assert.deepEqual(await codes(sign(access, { typ: 'at+jwt' }), { kinds: ['wlcg'] }), ['profile']);
});

test('all that is wrong is said, once the signature is right', async () => {
  const token = sign({ ...WLCG, aud: 'x', exp: 1, jti: undefined, scope: 'storage.read:b' });
  assert.deepEqual(await codes(token), ['claim/missing', 'audience', 'time/expired', 'time/order', 'scope']);
  const error = rejectedError(await verifyToken(token, OPTIONS));
  assert.equal(error.code, 'tokens/rejected');
});

test('words of the other profile allow nothing', async () => {
  const report = await verifyToken(sign({ ...WLCG, scope: 'read:/ openid' }), OPTIONS);
  assert.ok(report.ok);
  assert.equal(allows(report.token, 'read', '/'), false);
  assert.equal(allows(report.token, 'openid'), true);
});

test('groups count only without capabilities, and none implies another', async () => {
  const groups = { 'wlcg.groups': ['/cms', '/cms/uscms'] };
  const identity = await verifyToken(sign({ ...WLCG, ...groups, scope: 'openid wlcg' }), OPTIONS);
  assert.ok(identity.ok);
  assert.deepEqual(groupsOf(identity.token), ['/cms', '/cms/uscms']);
  const capability = await verifyToken(sign({ ...WLCG, ...groups, scope: 'storage.read:/a' }), OPTIONS);
  assert.ok(capability.ok);
  assert.deepEqual(groupsOf(capability.token), []);
});

test('a lifetime longer than is accepted', async () => {
  assert.deepEqual(await codes(sign(WLCG), { maxLifetimeSeconds: 59 }), ['time/too-long']);
  assert.deepEqual(await codes(sign(WLCG), { maxLifetimeSeconds: 60 }), []);
});

test('keys: a source is asked for issuers that are trusted only, and again for a key it did not know', async () => {
  const asked: string[] = [];
  const source: KeySource = {
    keysOf: async (issuer, unknown) => {
      asked.push(`${issuer} ${unknown ?? ''}`);
      return unknown === undefined
        ? [makePublishedKey(generateKeyPairSync('ed25519').publicKey, 'old')]
        : await keys.keysOf();
    },
  };
  assert.deepEqual(await codes(sign({ ...WLCG, iss: 'https://evil.example' }), { keys: source }), ['issuer']);
  assert.deepEqual(asked, []);
  assert.deepEqual(await codes(sign(WLCG), { keys: source }), []);
  assert.deepEqual(asked, [`${ISSUER} `, `${ISSUER} k`]);
});

test('one key without a name serves every name; SciTokens need none when there is one key, WLCG tokens do', async () => {
  const unnamed = fixedKeys([makePublishedKey(key.privateKey, '')]);
  assert.deepEqual(await codes(sign(WLCG, { kid: 'any' }), { keys: unnamed }), []);
  const { 'wlcg.ver': _, ...plain } = WLCG;
  const token = { ...plain, ver: 'scitoken:2.0', nbf: SECONDS, scope: 'read:/a' };
  assert.deepEqual(await codes(sign(token, { kid: undefined })), []);
  assert.deepEqual(await codes(sign(WLCG, { kid: undefined })), ['key/id']);
});
