import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeGrid } from '../support/grid.ts';
import { examplesOf, runExample } from '../support/page-examples.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

test('the examples of docs/library.md make a proxy and say whose it is', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  const grid = await makeGrid(directory);
  const [make, judge] = examplesOf('docs/library.md');
  const env = { X509_CERT_DIR: grid.trustDirectory };
  const made = await runExample(make ?? '', directory, env);
  assert.equal(made.code, 0, made.stderr.toString());
  const judged = await runExample(judge ?? '', directory, env);
  assert.equal(judged.code, 0, judged.stderr.toString());
  assert.match(judged.stdout.toString(), /^\/O=Grid\/OU=Test\/CN=Jane User 2/);
});
