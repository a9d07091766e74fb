import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { isLatchkeyError } from '../kit/index.ts';
import { jwtExpiry, parseTokenAnswer } from './token-answer.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const WHERE = 'https://op.example/token';

const parse = (json: Record<string, unknown>) => parseTokenAnswer(json, WHERE, NOW);

function jwt(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

test('a usual answer', () => {
  const token = parse({
    access_token: 'at',
    token_type: 'bearer',
    expires_in: 3600,
    refresh_token: 'rt',
    scope: 'a b',
    id_token: 'x.y.z',
  });
  assert.equal(token.accessToken.revealText(), 'at');
  assert.equal(token.refreshToken?.revealText(), 'rt');
  assert.equal(token.tokenType, 'Bearer');
  assert.equal(token.expiresAt?.toISOString(), '2026-11-22T13:00:00.000Z');
  assert.equal(token.scope, 'a b');
  assert.deepEqual(Object.keys(token.members).sort(), [
    'access_token',
    'expires_in',
    'id_token',
    'scope',
    'token_type',
  ]);
});

test('expires_in: numbers, numbers in text, and what counts as silence', () => {
  const cases: [unknown, number | undefined][] = [
    [600, 600],
    ['600', 600],
    [' 600 ', 600],
    ['600.5', 600.5],
    [0, undefined],
    [-1, undefined],
    ['-1', undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
    [Number.NaN, undefined],
    [[600], undefined],
    [true, undefined],
  ];
  for (const [value, expected] of cases) {
    assert.equal(parse({ access_token: 'at', expires_in: value }).expiresIn, expected, inspect(value));
  }
});

test('without expires_in the exp of a JWT counts, and nonsense in it does not', () => {
  const cases: [unknown, string | undefined][] = [
    [1_795_262_400, '2026-11-21T12:00:00.000Z'],
    ['1795262400', undefined],
    [-5, undefined],
    [1e18, undefined],
    [undefined, undefined],
  ];
  for (const [exp, expected] of cases) {
    assert.equal(jwtExpiry(jwt({ exp }))?.toISOString(), expected, String(exp));
  }
  assert.equal(jwtExpiry('e30.bm90IGpzb24.c2ln'), undefined);
  assert.equal(jwtExpiry('opaque'), undefined);
  assert.equal(jwtExpiry(jwt(null)), undefined);
});

test('forgotten or odd members that do no harm', () => {
  assert.equal(parse({ access_token: 'at' }).tokenType, 'Bearer');
  assert.equal(parse({ access_token: 'at', refresh_token: '' }).refreshToken, undefined);
  assert.equal(parse({ access_token: 'at', refresh_token: null }).refreshToken, undefined);
  assert.equal(parse({ access_token: 'at', scope: ['a', 'b'] }).scope, 'a b');
});

test('tokens that cannot stand in a header are refused, without showing them', () => {
  for (const bad of ['', 'a b', 'a\r\nb', 'a\u0000', 'ä', 'a\u2028b', 'a'.repeat(65_537), 5, null, ['at']]) {
    for (const member of ['access_token', 'refresh_token']) {
      if (member === 'refresh_token' && (bad === '' || bad === null)) continue;
      assert.throws(
        () => parse({ access_token: 'at', [member]: bad }),
        (error) => {
          assert.ok(isLatchkeyError(error, 'oauth/bad-response'));
          assert.equal(error.details.member, member);
          assert.ok(error.message.length < 300);
          return true;
        },
      );
    }
  }
  assert.throws(() => parse({ access_token: 'at', token_type: 'DPoP' }), { code: 'oauth/bad-response' });
});

test('whatever JSON comes, the answer is a token or an error of ours; dates are real dates', () => {
  const member = fc.oneof(fc.string(), fc.double(), fc.integer(), fc.constant(null), fc.array(fc.string()));
  const answer = fc.record(
    {
      access_token: fc.oneof(member, fc.constant('at')),
      token_type: fc.oneof(member, fc.constant('Bearer')),
      expires_in: member,
      refresh_token: member,
      scope: member,
      id_token: member,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(answer, (json) => {
      try {
        const { expiresAt, accessToken } = parse(json);
        assert.ok(expiresAt === undefined || Number.isFinite(expiresAt.getTime()));
        assert.match(accessToken.revealText(), /^[\x21-\x7e]+$/);
      } catch (error) {
        assert.ok(isLatchkeyError(error), String(error));
      }
    }),
    { seed: 5, numRuns: 500 },
  );
});
