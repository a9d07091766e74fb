import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { issueToken, makePublishedKey, type TokenRequest } from '../../src/tokens/index.ts';
import { haveNamespaces } from '../support/scitokens.ts';
import { makeTestAuthority, startTokenIssuer } from '../support/token-issuer.ts';
import { workspace } from '../support/workspace.ts';
import { startXrootd } from '../support/xrootd.ts';
import { makeSigningKeys } from './good-tokens.ts';

const MINUTE = 60_000;

test('xrootd lets our tokens in where they say, and nowhere else', async (t) => {
  if (!(await haveNamespaces(t, 'xrootd', 'setpriv', 'openssl'))) return;
  const directory = workspace(t);
  chmodSync(directory, 0o755);
  const authority = await makeTestAuthority(directory);
  chmodSync(authority.bundle, 0o644);
  const signing = makeSigningKeys();
  const keys = [signing.ES256, signing.RS256];
  const published = keys.map((key) => makePublishedKey(key.privateKey, key.keyId));
  const { issuer } = await startTokenIssuer(t, authority, published);
  mkdirSync(join(directory, 'x'));
  const xrootd = await startXrootd(t, join(directory, 'x'), authority, issuer);
  const now = new Date();
  const base = { issuer, subject: 'alice', audience: [xrootd.origin], lifetimeSeconds: 1200 };
  const profiles = {
    'SciTokens 2.0': { ...base, profile: 'scitokens:2.0', scope: 'read:/user/alice write:/user/alice' },
    'SciTokens 1.0': { ...base, profile: 'scitokens:1.0', scope: 'read:/user/alice write:/user/alice' },
    WLCG: {
      ...base,
      profile: 'wlcg:1.0',
      scope: 'storage.read:/user/alice storage.modify:/user/alice',
      groups: ['/cms'],
    },
  } satisfies Record<string, TokenRequest>;

  assert.equal(await xrootd.request('GET', '/user/alice/f'), 403, 'without a token');
  for (const [profile, request] of Object.entries(profiles)) {
    for (const key of keys) {
      const name = `${profile} ${key.algorithm}`;
      const make = (more: Partial<TokenRequest> = {}, at = now): string =>
        issueToken({ ...request, ...more }, key, at).token.revealText();
      const get = async (path: string, token: string): Promise<number> =>
        await xrootd.request('GET', path, token);
      assert.equal(await get('/user/alice/f', make()), 200, `${name}: ${xrootd.log()}`);
      assert.equal(await get('/user/bob/f', make()), 403, `${name}: another path`);
      assert.equal(
        await get('/user/alice/f', make({ audience: ['https://elsewhere.example'] })),
        403,
        `${name}: another audience`,
      );
      assert.equal(
        await get('/user/alice/f', make({}, new Date(now.getTime() - 60 * MINUTE))),
        403,
        `${name}: expired`,
      );
      assert.equal(
        await get('/user/alice/f', make({ issuer: 'https://localhost/other' })),
        403,
        `${name}: another issuer`,
      );
      assert.equal(
        await get('/user/alice/f', make({ audience: ['https://one.example', xrootd.origin] })),
        200,
        `${name}: one of two audiences`,
      );
      assert.equal(
        await xrootd.request('PUT', `/user/alice/${key.algorithm}-${profile.length}`, make()),
        200,
        `${name}: writing`,
      );
      const scope = request.scope.split(' ')[0] ?? '';
      assert.equal(
        await xrootd.request('PUT', '/user/alice/not', make({ scope })),
        403,
        `${name}: writing with a scope for reading`,
      );
    }
  }
});
