import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allows, fixedKeys, verifyToken } from '../../src/tokens/index.ts';
import { havePeers } from '../support/peers.ts';
import { rememberKey, type SciTokensCpp, sciTokensCpp } from '../support/scitokens.ts';
import { workspace } from '../support/workspace.ts';
import { BAD_TOKENS } from './bad-tokens.ts';
import { CPP_ACCEPTS, CPP_REFUSES } from './cpp-differences.ts';
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

const wlcg = { ver: undefined, 'wlcg.ver': '1.0', scope: 'storage.read:/user/alice' };

const REFUSED_BY_CPP: Readonly<Record<string, readonly [claims: object, isEdDsa?: boolean]>> = {
  'signed with EdDSA': [{}, true],
  '`wlcg.ver` 1.3': [{ ...wlcg, 'wlcg.ver': '1.3' }],
  'WLCG without `nbf`': [{ ...wlcg, nbf: undefined }],
  'expired for 30 s': [{ iat: NOW_SECONDS - 600, nbf: NOW_SECONDS - 600, exp: NOW_SECONDS - 30 }],
  'valid in 30 s': [{ nbf: NOW_SECONDS + 30, exp: NOW_SECONDS + 90 }],
  'SciTokens 1.0 without audience': [{ ver: undefined, aud: undefined }],
};

function token(claims: object, isEdDsa = false): string {
  const header = isEdDsa ? { ...GOOD_HEADER, alg: 'EdDSA', kid: 'ed' } : GOOD_HEADER;
  return forge(
    header,
    { ...goodClaims(), ...claims },
    isEdDsa ? signers.eddsa(keys.ed) : signers.es256(keys.ec),
  );
}

/** scitokens-cpp with our EC key in its cache, so that it needs no network. */
async function offlineCpp(directory: string): Promise<SciTokensCpp> {
  const own = keys.published.find(({ keyId }) => keyId === 'ec');
  assert.ok(own);
  const { code, stdout, stderr } = await rememberKey(directory, ISSUER, own, token({}));
  assert.equal(code, 0, `${stdout}${stderr}`);
  return sciTokensCpp(directory);
}

test('scitokens-cpp refuses the bad tokens too, but for the differences that are listed', async (t) => {
  if (!havePeers(t, 'scitokens-verify', 'scitokens-list-access')) return;
  const cpp = await offlineCpp(workspace(t));
  const accepted: string[] = [];
  for (const { group, what, make } of BAD_TOKENS) {
    const text = make(keys);
    // What fits into no argument vector.
    if (text.length > 100_000 || text.includes('\0')) continue;
    const { code } = await cpp.listAccess(text, ISSUER, AUDIENCE);
    if (code === 0) accepted.push(`${group}: ${what}`);
  }
  const listed = CPP_ACCEPTS.flatMap(({ rows }) => rows);
  assert.deepEqual(accepted.toSorted(), listed.toSorted());
});

test('what we accept and scitokens-cpp refuses is listed', async (t) => {
  assert.deepEqual(
    CPP_REFUSES.map(({ what }) => what),
    Object.keys(REFUSED_BY_CPP),
  );
  const cpp = havePeers(t, 'scitokens-verify', 'scitokens-list-access')
    ? await offlineCpp(workspace(t))
    : undefined;
  for (const [what, [claims, isEdDsa]] of Object.entries(REFUSED_BY_CPP)) {
    const text = token(claims, isEdDsa);
    const options = { issuers: [ISSUER], audience: [AUDIENCE], now: NOW };
    const report = await verifyToken(text, { ...options, keys: fixedKeys(keys.published) });
    assert.deepEqual(report.findings, [], what);
    if (cpp !== undefined) assert.equal((await cpp.listAccess(text, ISSUER, AUDIENCE)).code, 1, what);
  }
});

test('scitokens-cpp 0.7.3 takes the directory of alicex for that of alice, we do not', async (t) => {
  if (!havePeers(t, 'scitokens-verify', 'scitokens-test-access')) return;
  const cpp = await offlineCpp(workspace(t));
  const text = token({ scope: 'read:/user/alice/' });
  const report = await verifyToken(text, {
    issuers: [ISSUER],
    audience: [AUDIENCE],
    now: NOW,
    keys: fixedKeys(keys.published),
  });
  assert.ok(report.ok);
  for (const [path, isOurs, isTheirs] of [
    ['/user/alice/f', true, true],
    ['/user/alicex/f', false, true],
    ['/user/bob', false, false],
  ] as const) {
    assert.equal(allows(report.token, 'read', path), isOurs, path);
    const { code } = await cpp.testAccess(text, ISSUER, AUDIENCE, 'read', path);
    assert.equal(code === 0, isTheirs, path);
  }
});
