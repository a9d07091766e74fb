import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RegistryClient } from '../../../src/remote/index.ts';
import { latchkeyExecutable } from '../../support/our-tools.ts';
import { endTree } from '../../support/processes.ts';
import { endsWith, workspace } from '../../support/workspace.ts';

const ROUNDS = 8;

/** `latchkey ns run` on a socket, with its names in a file. */
async function start(
  t: TestContext,
  home: string,
): Promise<{ readonly path: string; kill(): Promise<void> }> {
  const path = join(home, 'ns');
  const env = { PATH: process.env.PATH ?? '', HOME: home, LATCHKEY_TEST_MARK: home };
  const words = ['ns', 'run', '--socket', path, '--names', join(home, 'names.json')];
  const child = spawn(process.execPath, [latchkeyExecutable, ...words], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  endsWith(t, home, () => endTree(child.pid ?? 0, home));
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (/listens on/.test(said)) resolve();
    });
    child.once('close', () => reject(new Error(said)));
  });
  return {
    path,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

test('a registry that is killed while names come in has every name that it said it has', async (t) => {
  const home = workspace(t);
  const answered = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const server = await start(t, home);
    const client = await RegistryClient.connect({ path: server.path });
    const known = new Set((await client.list()).map(({ name }) => name));
    for (const name of answered) assert.ok(known.has(name), `round ${round} lost ${name}`);
    const before = answered.size;
    const work = Array.from({ length: 40 }, (_, i) => `${round}-${i}`).map(async (name) => {
      await client.register({ name, uri: 'PYRO:x@h:1', tags: [] });
      answered.add(name);
      // The more rounds, the later it ends.
      if (answered.size - before === 1 + 3 * round) await server.kill();
    });
    await Promise.allSettled(work);
    await server.kill();
    await client.close();
    assert.ok(answered.size > before);
  }
  // What was being written when it was killed, and what only looks so.
  writeFileSync(join(home, '.names.json.tmp'), '');
  await start(t, home);
  const left = readdirSync(home).filter((name) => name.endsWith('.tmp'));
  assert.deepEqual(left, ['.names.json.tmp']);
});
