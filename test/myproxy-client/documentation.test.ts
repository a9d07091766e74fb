import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openConfig, startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { examplesOf, runExample } from '../support/page-examples.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

test('every example of docs/myproxy-client.md runs, one after the other, against a C server', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-server')) return;
  const examples = examplesOf('docs/myproxy-client.md');
  assert.ok(examples.length >= 8);
  const directory = workspace(t);
  const grid = await makeGrid(directory);
  const server = await startCServer(t, grid, { config: openConfig(grid.trustDirectory) });
  for (const name of ['user', 'robot'] as const) {
    for (const [from, to] of [
      [grid[name].certificate, `${name}.pem`],
      [grid[name].key, `${name}.key`],
    ] as const) {
      if (from !== join(directory, to)) copyFileSync(from, join(directory, to));
    }
  }
  for (const [index, example] of examples.entries()) {
    await t.test(`example ${index + 1}`, async () => {
      const run = await runExample(example, directory, server.env);
      assert.equal(run.code, 0, run.stderr.toString());
      if (index === 0) assert.match(run.stdout.toString(), /^proxy\.pem is good until 2/);
    });
  }
});
