import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { runProgram } from '../../src/kit/index.ts';
import { openConfig, startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

const PAGE = join(repositoryRoot, 'docs/myproxy-client.md');

test('every example of docs/myproxy-client.md runs, one after the other, against a C server', async (t) => {
  if (!havePeers(t, 'myproxy-server')) return;
  const examples = [...readFileSync(PAGE, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(
    (match) => match[1] ?? '',
  );
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
  const alias = Object.fromEntries(
    ['kit', 'x509', 'myproxy'].map((room) => [
      `latchkey/${room}`,
      join(repositoryRoot, 'src', room, 'index.ts'),
    ]),
  );
  for (const [index, example] of examples.entries()) {
    await t.test(`example ${index + 1}`, async () => {
      const source = join(directory, `example-${index}.ts`);
      const outfile = join(directory, `example-${index}.mjs`);
      writeFileSync(source, example);
      await build({ entryPoints: [source], outfile, bundle: true, platform: 'node', format: 'esm', alias });
      const run = await runProgram(process.execPath, [outfile], {
        cwd: directory,
        env: server.env,
        timeoutMs: 60_000,
      });
      assert.equal(run.code, 0, run.stderr.toString());
      if (index === 0) assert.match(run.stdout.toString(), /^proxy\.pem is good until 2/);
    });
  }
});
