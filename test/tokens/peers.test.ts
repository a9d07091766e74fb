import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import {
  discoverKeys,
  formatJwk,
  issueToken,
  makePublishedKey,
  type PublishedKey,
  verifyToken,
} from '../../src/tokens/index.ts';
import { havePeers } from '../support/peers.ts';
import { haveNamespaces, runBounded, sciTokensCpp } from '../support/scitokens.ts';
import { makeTestAuthority, startTokenIssuer } from '../support/token-issuer.ts';
import { workspace } from '../support/workspace.ts';
import { goodTokens, makeSigningKeys } from './good-tokens.ts';
import { AUDIENCE } from './token-maker.ts';

const signing = makeSigningKeys();
const published: readonly PublishedKey[] = Object.values(signing).map((key) =>
  makePublishedKey(key.privateKey, key.keyId),
);

interface Made {
  readonly name: string;
  readonly algorithm: string;
  /** False for SciTokens 1.0 for everybody. */
  readonly hasAudience: boolean;
  readonly text: string;
}

function tokensOf(issuer: string): readonly Made[] {
  return goodTokens(issuer).map(({ name, algorithm, request }) => ({
    name,
    algorithm,
    hasAudience: request.audience.length > 0,
    text: issueToken(request, signing[algorithm], new Date()).token.revealText(),
  }));
}

test('jose verifies tokens of every shape with the keys as we publish them', async () => {
  const jwks = createLocalJWKSet({ keys: published.map((key) => ({ ...formatJwk(key) })) });
  const issuer = 'https://issuer.example';
  for (const { name, hasAudience, text } of tokensOf(issuer)) {
    const audiences = [AUDIENCE, 'ANY', 'https://wlcg.cern.ch/jwt/v1/any'];
    const { payload } = await jwtVerify(text, jwks, {
      issuer,
      ...(hasAudience ? { audience: audiences } : {}),
      typ: 'JWT',
      requiredClaims: ['exp', 'nbf', 'iat', 'jti'],
    });
    assert.equal(payload.sub, 'alice', name);
  }
});

test('PyJWT verifies tokens of every shape with the keys as we publish them', async (t) => {
  // Debian's own Python, where python3-jwt is; another one may come first in PATH.
  const python = '/usr/bin/python3';
  const { code } = await runBounded([python, '-c', 'import jwt'], process.env);
  if (code !== 0 && !havePeers(t, 'python3-jwt')) return;
  const program = [
    'import json, sys, jwt',
    'from jwt import PyJWKSet',
    'given = json.load(sys.stdin)',
    'keys = {key.key_id: key.key for key in PyJWKSet.from_dict(given["jwks"]).keys}',
    'for token in given["tokens"]:',
    '    head = jwt.get_unverified_header(token)',
    '    has_audience = "aud" in jwt.decode(token, options={"verify_signature": False})',
    '    claims = jwt.decode(token, keys[head["kid"]], algorithms=[head["alg"]], issuer=given["issuer"],',
    '        audience=given["audience"] if has_audience else None)',
    '    print(claims["sub"])',
  ].join('\n');
  const directory = workspace(t);
  const issuer = 'https://issuer.example';
  const tokens = tokensOf(issuer).map(({ text }) => text);
  const input = {
    jwks: { keys: published.map(formatJwk) },
    tokens,
    issuer,
    audience: [AUDIENCE, 'ANY', 'https://wlcg.cern.ch/jwt/v1/any'],
  };
  writeFileSync(join(directory, 'given.json'), JSON.stringify(input));
  writeFileSync(join(directory, 'verify.py'), program);
  const shell = 'exec "$1" "$2" < "$3"';
  const argv = ['sh', '-c', shell, 'sh', python, join(directory, 'verify.py'), join(directory, 'given.json')];
  const run = await runBounded(argv, process.env);
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(
    run.stdout.trim().split('\n'),
    tokens.map(() => 'alice'),
  );
});

test('our verifier finds the keys of an issuer by discovery, as OpenID documents and as RFC 8414', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const authority = await makeTestAuthority(workspace(t));
  for (const [only, path] of [
    ['openid-configuration', '/iss'],
    ['oauth-authorization-server', '/iss'],
    ['', '/'],
    ['', ''],
  ] as const) {
    const has = (asked: string): boolean => !asked.includes('/.well-known/o') || asked.includes(only);
    const { issuer, requests } = await startTokenIssuer(t, authority, published, { path, has });
    const keys = discoverKeys({ now: () => new Date(), ca: authority.ca });
    for (const { name, text } of tokensOf(issuer)) {
      const report = await verifyToken(text, {
        keys,
        issuers: [issuer],
        audience: [AUDIENCE],
        now: new Date(),
      });
      assert.deepEqual(report.findings, [], name);
    }
    assert.equal(
      requests.filter((asked) => asked.endsWith('jwks.json')).length,
      1,
      'the keys are remembered',
    );
  }
});

test('scitokens-cpp finds the keys by discovery and verifies tokens of every shape', async (t) => {
  if (!(await haveNamespaces(t, 'scitokens-list-access', 'openssl'))) return;
  const directory = workspace(t);
  const authority = await makeTestAuthority(directory);
  for (const only of ['openid-configuration', 'oauth-authorization-server']) {
    const has = (asked: string): boolean => !asked.includes('/.well-known/o') || asked.includes(only);
    const { issuer, requests } = await startTokenIssuer(t, authority, published, { has });
    const cpp = sciTokensCpp(join(directory, only), authority.bundle);
    for (const { name, algorithm, hasAudience, text } of tokensOf(issuer)) {
      const verified = await cpp.verify(text);
      // 0.7.3 knows RS256 and ES256 only, as the profiles want; an Ed25519 key in the set does not disturb it.
      assert.equal(
        verified.code,
        algorithm === 'EdDSA' ? 1 : 0,
        `${name}: ${verified.stdout}${verified.stderr}`,
      );
      if (algorithm === 'EdDSA') continue;
      if (!hasAudience) {
        // A service with an audience takes no token without one, where SciTokens 1.0 says that it is for everybody.
        const { code, stdout } = await cpp.listAccess(text, issuer, AUDIENCE);
        assert.equal(code, 1, `${name}: ${stdout}`);
        continue;
      }
      const listed = await cpp.listAccess(text, issuer, AUDIENCE);
      assert.match(listed.stdout, /ACL: read:\/user\/alice\n/, name);
      assert.match(listed.stdout, /ACL: write:\/user\/alice\/out\n/, name);
      const [allowed, other, audience] = [
        await cpp.testAccess(text, issuer, AUDIENCE, 'read', '/user/alice/f'),
        await cpp.testAccess(text, issuer, AUDIENCE, 'read', '/user/bob/f'),
        await cpp.testAccess(text, issuer, 'https://elsewhere.example', 'read', '/user/alice/f'),
      ];
      assert.equal(allowed.code, 0, `${name}: ${allowed.stdout}${allowed.stderr}`);
      assert.equal(other.code, 1, `${name}: ${other.stdout}${other.stderr}`);
      assert.equal(audience.code, name.includes('any audience') ? 0 : 1, `${name}: ${audience.stdout}`);
    }
    assert.ok(
      requests.some((asked) => asked.includes(only)),
      requests.join(' '),
    );
  }
});

test('rotation: scitokens-cpp accepts the old key and the new one while both are published', async (t) => {
  if (!(await haveNamespaces(t, 'scitokens-list-access', 'openssl'))) return;
  const directory = workspace(t);
  const authority = await makeTestAuthority(directory);
  const [old, next] = [signing.ES256, signing.RS256];
  const ofKey = (key: typeof old): PublishedKey => makePublishedKey(key.privateKey, key.keyId);
  const { issuer, publish } = await startTokenIssuer(t, authority, [ofKey(old), ofKey(next)]);
  const sample = goodTokens(issuer)[0];
  assert.ok(sample);
  const cpp = sciTokensCpp(directory, authority.bundle);
  const token = (key: typeof old): string => issueToken(sample.request, key, new Date()).token.revealText();
  assert.equal((await cpp.verify(token(old))).code, 0);
  publish([ofKey(next)]);
  // What it remembers has the new key already, because that was published before it signed.
  assert.equal((await cpp.verify(token(next))).code, 0);
  const fresh = sciTokensCpp(join(directory, 'fresh'), authority.bundle);
  assert.equal(
    (await fresh.verify(token(old))).code,
    1,
    'a key that is no longer published verifies nothing',
  );
});
