import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findAmbiguousNames, findWeaknesses } from './weaknesses.ts';

const GOOD = {
  profile: 'wlcg:1.0',
  issuer: 'https://tokens.example',
  subject: 'alice',
  audience: ['https://data.example'],
  scope: 'storage.read:/user/alice compute.read',
  lifetimeSeconds: 3600,
} as const;

const codes = (more: object, algorithm: 'ES256' | 'EdDSA' = 'ES256'): string[] =>
  findWeaknesses({ ...GOOD, ...more }, algorithm).map(({ code }) => code);

test('weak tokens are told, each by its own finding', () => {
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({ scope: 'storage.read:/' }), ['weak/root']);
  assert.deepEqual(codes({ audience: ['https://wlcg.cern.ch/jwt/v1/any'] }), ['weak/any-audience']);
  assert.deepEqual(codes({ audience: ['ANY'] }), ['weak/any-audience']);
  assert.deepEqual(codes({ profile: 'scitokens:1.0', audience: [] }), ['weak/any-audience']);
  assert.deepEqual(codes({ lifetimeSeconds: 6 * 3600 + 1 }), ['weak/long-life']);
  assert.deepEqual(codes({ lifetimeSeconds: 899 }), ['weak/short-life']);
  assert.deepEqual(codes({ profile: 'scitokens:2.0', lifetimeSeconds: 60 }), []);
  assert.deepEqual(codes({ issuer: 'http://tokens.example' }), ['weak/issuer-scheme']);
  assert.deepEqual(codes({}, 'EdDSA'), ['weak/eddsa']);
});

test('names that begin another', () => {
  assert.deepEqual(findAmbiguousNames(['bob', 'alice', 'carol', 'alice']), []);
  const messages = findAmbiguousNames(['alicexy', 'bo', 'alice', 'alicex', 'bob']).map(
    ({ message }) => message,
  );
  assert.deepEqual(
    messages.map((message) => message.split(':')[0]),
    [
      '"alice" is the beginning of "alicex"',
      '"alicex" is the beginning of "alicexy"',
      '"bo" is the beginning of "bob"',
    ],
  );
});

test('property: as many findings as names that begin with another name', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 12 }), (names) => {
      const longer = names.filter((one) => names.some((other) => other !== one && one.startsWith(other)));
      assert.equal(findAmbiguousNames(names).length, longer.length);
    }),
    { seed: 7 },
  );
});
