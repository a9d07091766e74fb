import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { RegistryServer } from '../../src/remote/index.ts';
import { latchkey, modelServerProcess } from '../support/model-server-process.ts';
import { endsWith, repositoryRoot, workspace } from '../support/workspace.ts';

/** The programs of the page, by the name in their first line. */
function programs(): ReadonlyMap<string, string> {
  const text = readFileSync(join(repositoryRoot, 'docs/remote.md'), 'utf8');
  const found = [...text.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```$/gms)];
  return new Map(found.map(([, name = '', program = '']) => [name, program]));
}

test('docs/remote.md: from nothing to two calls and a log, as it stands there', async (t) => {
  const here = workspace(t);
  const registry = await RegistryServer.listen({ address: { host: '127.0.0.1', port: 0 } });
  endsWith(t, here, () => registry.close());
  const { port } = registry.address as { port: number };
  for (const [name, program] of programs())
    writeFileSync(join(here, name), program.replace('port: 9090', `port: ${port}`));
  mkdirSync(join(here, 'node_modules'));
  symlinkSync(repositoryRoot, join(here, 'node_modules/latchkey'));

  const directory = join(here, '.latchkey/models');
  await modelServerProcess(
    t,
    ['--name', 'Counters', '--ns', `127.0.0.1:${port}`, '--class', './counter.mjs#Counter'],
    { directory, cwd: here },
  );
  const steered = await runProgram(process.execPath, ['steer.mjs'], { cwd: here, timeoutMs: 60_000 });
  assert.deepEqual([steered.code, String(steered.stdout)], [0, '5 11\n'], String(steered.stderr));
  const status = await latchkey(['models', 'status', '-D', directory]);
  assert.match(
    status.out,
    /^Counters: 0 of 4 jobs, 4 free\n\nJOB .*\n1@Counters +ended .* terminated, exit code 0\n$/,
  );
  assert.equal((await latchkey(['models', 'logs', '1', '-D', directory])).out, '5 now\n11 now\n');
});
