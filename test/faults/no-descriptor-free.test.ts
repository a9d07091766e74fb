// A program that has no descriptor left, as in a flood of connections, can read nothing of others: it must not take them for ended.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makePrivateDirectory, runProgram } from '../../src/kit/index.ts';
import { bundledProgram } from '../support/bundled-program.ts';
import { workspace } from '../support/workspace.ts';

/** Runs a bundled program with few descriptors. */
async function withFewDescriptors(program: string, ...args: string[]): Promise<string> {
  const script = 'ulimit -n 64; exec "$0" "$@"';
  const { code, stdout, stderr } = await runProgram('/bin/sh', [
    ...['-c', script, process.execPath, program, ...args],
  ]);
  assert.equal(code, 0, stderr.toString());
  return stdout.toString();
}

/** Takes all descriptors but so many, and calls back. */
const TAKE = `
  import { closeSync, openSync } from 'node:fs';
  async function withFree(free, act) {
    const taken = [];
    try { for (;;) taken.push(openSync('/dev/null', 'r')); } catch {}
    for (let i = 0; i < free; i += 1) closeSync(taken.pop());
    try { return await act(); } finally { for (const descriptor of taken) closeSync(descriptor); }
  }
`;

test('the private directory of a program that runs is not taken for one that was left', async (t) => {
  const directory = workspace(t);
  const live = await makePrivateDirectory(directory);
  const program = await bundledProgram(
    join(directory, 'sweep.mjs'),
    `${TAKE}
    import { makePrivateDirectory } from './src/kit/index.ts';
    for (let free = 0; free < 8; free += 1)
      await withFree(free, () => makePrivateDirectory(process.argv[2]).catch(() => {}));`,
  );
  await withFewDescriptors(program, directory);
  assert.equal(existsSync(live), true);
});

test('a job that runs is not taken for ended', async (t) => {
  const directory = workspace(t);
  const job = spawn('sleep', ['600'], { stdio: 'ignore' });
  t.after(() => job.kill('SIGKILL'));
  const program = await bundledProgram(
    join(directory, 'look.mjs'),
    `${TAKE}
    import { identify, isGone } from './src/remote/model-server/host/process-mark.ts';
    const job = identify(Number(process.argv[2]));
    for (let free = 0; free < 3; free += 1) console.log(await withFree(free, () => isGone(job)));
    console.log(isGone({ ...job, mark: 'another' }));`,
  );
  assert.equal(await withFewDescriptors(program, String(job.pid)), 'false\nfalse\nfalse\ntrue\n');
});
