import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { fixedKeys, formatJwk, type TokenReport, verifyToken } from '../../src/tokens/index.ts';
import {
  AUDIENCE,
  forge,
  GOOD_HEADER,
  goodClaims,
  ISSUER,
  makeTestKeys,
  NOW,
  NOW_SECONDS,
  signers,
} from './token-maker.ts';

const keys = makeTestKeys();
const unique = keys.published.filter(({ keyId }) => keyId !== 'twin');

async function verify(token: string): Promise<TokenReport> {
  return await verifyToken(token, {
    keys: fixedKeys(unique),
    issuers: [ISSUER],
    audience: [AUDIENCE],
    now: NOW,
  });
}

test('property: a good token that was changed anywhere is refused, and nothing crashes', async () => {
  const good = forge(GOOD_HEADER, goodClaims(), signers.es256(keys.ec));
  assert.ok((await verify(good)).ok);
  const position = fc.nat(good.length);
  const edit = fc.oneof(
    fc
      .tuple(position, fc.string({ unit: 'binary', maxLength: 3 }))
      .map(([at, text]) => good.slice(0, at) + text + good.slice(at + text.length)),
    fc
      .tuple(position, fc.string({ maxLength: 3 }))
      .map(([at, text]) => good.slice(0, at) + text + good.slice(at)),
    fc.tuple(position, fc.nat(20)).map(([at, count]) => good.slice(0, at) + good.slice(at + count)),
    fc.tuple(position, position).map(([at, from]) => good.slice(0, at) + good.slice(from)),
  );
  await fc.assert(
    fc.asyncProperty(edit, async (token) => {
      if (token !== good) assert.equal((await verify(token)).ok, false, token);
    }),
    { seed: 7, numRuns: 2000 },
  );
});

test('property: what we accept jose accepts too, whatever header and claims are signed with the right key', async () => {
  const jwks = createLocalJWKSet({ keys: unique.map((key) => ({ ...formatJwk(key) })) });
  const time = fc.constantFrom(
    undefined,
    NOW_SECONDS,
    NOW_SECONDS + 59,
    NOW_SECONDS + 61,
    NOW_SECONDS - 59,
    NOW_SECONDS - 61,
    NOW_SECONDS + 600,
    0,
    -1,
    1.5,
    '1',
    null,
  );
  const odd = <Value>(good: Value, ...others: unknown[]) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(good) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, 0, '', [], {}, ...others) },
    );
  const claims = fc.record({
    ver: odd('scitoken:2.0', 'scitoken:1.0', '2.0'),
    'wlcg.ver': odd(undefined, '1.0', '1.3'),
    iss: odd(ISSUER, `${ISSUER}/`),
    sub: odd('alice'),
    aud: odd(AUDIENCE, [AUDIENCE], ['x', AUDIENCE], 'x', 'ANY', [1, AUDIENCE]),
    scope: odd('read:/a', 'storage.read:/a', 'read:..'),
    jti: odd('x'),
    client_id: odd('c'),
    iat: time,
    nbf: time,
    exp: time,
  });
  const header = fc.record({
    alg: odd('ES256', 'RS256', 'none', 'HS256'),
    kid: odd('ec', 'rsa', 'other'),
    typ: odd('JWT', 'at+jwt', 'dpop+jwt'),
    crit: odd(undefined, ['exp'], ['b64']),
    cty: odd(undefined, 'JWT'),
  });
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(header, claims, async (head, body) => {
      const token = forge(head, body, signers.es256(keys.ec));
      if (!(await verify(token)).ok) return;
      accepted += 1;
      const everybody = ['ANY', 'https://wlcg.cern.ch/jwt/v1/any'];
      // SciTokens 1.0 without audience is for everybody, which jose has no word for.
      const audience = body.aud === undefined ? {} : { audience: [AUDIENCE, ...everybody] };
      await jwtVerify(token, jwks, { issuer: ISSUER, currentDate: NOW, clockTolerance: 60, ...audience });
    }),
    { seed: 7, numRuns: 20_000 },
  );
  assert.ok(accepted > 20, `${accepted} were accepted`);
});
