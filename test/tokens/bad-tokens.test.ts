import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allows, fixedKeys, type TokenReport, verifyToken } from '../../src/tokens/index.ts';
import { repositoryRoot } from '../support/workspace.ts';
import { BAD_TOKENS, NOT_COVERED } from './bad-tokens.ts';
import { badTokensTable, differencesTable, notCoveredTable } from './bad-tokens-page.ts';
import {
  AUDIENCE,
  forge,
  GOOD_HEADER,
  goodClaims,
  ISSUER,
  makeTestKeys,
  NOW,
  signers,
} from './token-maker.ts';

const keys = makeTestKeys();

async function verify(token: string): Promise<TokenReport> {
  return await verifyToken(token, {
    keys: fixedKeys(keys.published),
    issuers: [ISSUER],
    audience: [AUDIENCE],
    now: NOW,
  });
}

function goodToken(scope: string): string {
  return forge(GOOD_HEADER, { ...goodClaims(), scope }, signers.es256(keys.ec));
}

test('the token that all the bad ones are made from is good', async () => {
  const report = await verify(goodToken('read:/user/alice'));
  assert.deepEqual(report.findings, []);
  assert.ok(report.ok && report.token.subject === 'alice');
});

for (const { group, what, code, make } of BAD_TOKENS) {
  test(`refused: ${group}: ${what}`, async () => {
    const report = await verify(make(keys));
    assert.equal(report.ok, false);
    assert.equal(report.findings[0]?.code, code, JSON.stringify(report.findings));
    // What is said of a token never holds a piece of its signature.
    const signature = make(keys).split('.')[2] ?? '';
    for (const { message } of report.findings) {
      assert.ok(signature.length < 20 || !message.includes(signature.slice(0, 20)));
    }
  });
}

for (const { scope, operation, path } of NOT_COVERED) {
  test(`not covered: ${scope}: ${operation} ${path ?? ''}`, async () => {
    const report = await verify(goodToken(scope));
    assert.ok(report.ok, JSON.stringify(report.findings));
    assert.equal(allows(report.token, operation, path), false);
  });
}

test('docs/tokens.md prints the tables as they are tested', () => {
  const page = readFileSync(join(repositoryRoot, 'docs/tokens.md'), 'utf8');
  for (const table of [badTokensTable(), notCoveredTable(), differencesTable()])
    assert.ok(page.includes(table), `\n${table}`);
});
