// Fifty jobs of a model server, asked for over the object wire: one alone, and all at once over one connection.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { TestContext } from 'node:test';
import { build } from 'esbuild';
import { modelServerProcess } from '../../test/support/model-server-process.ts';
import { repositoryRoot, workspace } from '../../test/support/workspace.ts';

const PATIENCE_MS = 180_000;

export interface Allocations {
  /** Of one when there was nothing else. */
  readonly aloneMs: number;
  readonly allMs: number;
  readonly slowestMs: number;
}

/** The jobs are instances of a class (`examples/models/bar.ts`), each in a Node of its own, which the server proves before it answers. */
export async function wireAllocations(
  scope: Pick<TestContext, 'after'>,
  atOnce: number,
): Promise<Allocations> {
  const directory = workspace(scope);
  const bar = join(directory, 'bar.mjs');
  await build({ entryPoints: [join(repositoryRoot, 'examples/models/bar.ts')], outfile: bar, format: 'esm' });
  const config = join(directory, 'latchkey.toml');
  writeFileSync(config, `[models]\nclass = "${bar}#Bar"\nmax_jobs = ${atOnce}\nstart_timeout = 120\n`);
  const server = await modelServerProcess(scope as TestContext, ['--config', config], {
    directory: join(directory, 'models'),
  });
  const client = await server.connect();
  const allocate = async (): Promise<number> => {
    const begun = performance.now();
    await client.call('allocate', ['bench'], { timeoutMs: PATIENCE_MS });
    return performance.now() - begun;
  };
  const aloneMs = await allocate();
  await client.call('terminateAllJobs');
  const begun = performance.now();
  const each = await Promise.all(Array.from({ length: atOnce }, allocate));
  const allMs = performance.now() - begun;
  await client.call('terminateAllJobs');
  return { aloneMs, allMs, slowestMs: Math.max(...each) };
}
