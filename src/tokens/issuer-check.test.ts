import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { LatchkeyError } from '../kit/index.ts';
import { checkIssuer } from './issuer-check.ts';
import { fixedKeys } from './jwk-set.ts';
import { makePublishedKey } from './published-key.ts';
import { makeSigningKey } from './signing-key.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const key = makeSigningKey(generateKeyPairSync('ed25519').privateKey, 'now');
const next = makePublishedKey(generateKeyPairSync('ed25519').publicKey, 'next');
const own = makePublishedKey(key.privateKey, 'now');
const sample = {
  profile: 'wlcg:1.0',
  issuer: 'https://tokens.example',
  subject: 'alice',
  audience: ['https://data.example'],
  scope: 'storage.read:/a',
  lifetimeSeconds: 3600,
} as const;
const keys = { signingKey: () => key, published: () => [own, next] };

test('nothing to say of an issuer whose keys are published', async () => {
  assert.deepEqual(await checkIssuer({ keys, sample }, NOW), []);
  assert.deepEqual(await checkIssuer({ keys, sample, published: fixedKeys([own, next]) }, NOW), []);
});

test('what verifiers would stumble over', async () => {
  const check = async (published: Parameters<typeof checkIssuer>[0]['published'], more: object = {}) =>
    (await checkIssuer({ keys, sample: { ...sample, ...more }, published }, NOW)).map(({ code }) => code);
  assert.deepEqual(await check(fixedKeys([own])), ['published/key-missing']);
  assert.deepEqual(await check(fixedKeys([next])), ['published/key/unknown']);
  const stolen = makePublishedKey(generateKeyPairSync('ed25519').publicKey, 'now');
  assert.deepEqual(await check(fixedKeys([stolen, next])), ['published/signature']);
  const silent = { keysOf: async () => Promise.reject(new LatchkeyError('tokens/issuer', 'no such host')) };
  assert.deepEqual(await check(silent), ['tokens/issuer']);
  assert.deepEqual(await check(undefined, { issuer: 'tokens.example' }), ['tokens/issuer']);
  assert.deepEqual(await check(undefined, { scope: 'storage.read' }), ['tokens/value-invalid']);
});
