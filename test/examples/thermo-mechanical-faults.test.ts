// The thermo-mechanical example while its processes are killed and frozen, one after the other, and its link is cut: it ends with the right
// numbers or with one clear error, and nothing of it is left.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  commandLine,
  coupledRun,
  endsWell,
  haveHosts,
  leftIn,
  linkDirectories,
  mastersOf,
  processesOf,
  setWire,
  steeringOf,
} from '../support/coupled-run.ts';

/** Whom the fault befalls: what all of these words are in, and what the error must say in the end. */
const PROCESSES: Readonly<Record<string, readonly string[]>> = {
  'the thermal job': ['models\0serve', 'thermal-model'],
  'the mechanical job': ['models\0serve', 'mechanical-model'],
  'the thermal model server': ['models\0run', 'ThermalSolverDemo'],
  'the mechanical model server': ['models\0run', 'MechanicalSolverDemo'],
  'the registry': ['ns\0run'],
};

for (const [whom, words] of Object.entries(PROCESSES)) {
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    test(`${whom} gets ${signal}`, async (t) => {
      const run = await coupledRun(t, '--alone', '--passing', 'reference');
      const [pid] = processesOf(run.lab, words);
      assert.ok(pid !== undefined, `no process is ${whom}`);
      process.kill(pid, signal);
      await endsWell(run);
    });
  }
}

for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
  test(`an ssh master gets ${signal}`, async (t) => {
    if (!haveHosts(t)) return;
    const run = await coupledRun(t, '--passing', 'reference');
    const master = mastersOf(run).find((pid) => commandLine(pid).includes('\0thermal\0'));
    assert.ok(master !== undefined, 'there is no master');
    process.kill(master, signal);
    await endsWell(run);
  });
}

test('the steering script gets SIGKILL', async (t) => {
  if (!haveHosts(t)) return;
  const run = await coupledRun(t, '--passing', 'reference');
  const directories = linkDirectories(run);
  assert.equal(directories.length, 2, 'one here, one on the mechanical host');
  assert.deepEqual(directories.map(existsSync), [true, true]);
  process.kill(steeringOf(run), 'SIGKILL');
  // Nobody is left to say anything; what it started is gone all the same, and so are its directories.
  await once(run.child, 'exit');
  assert.deepEqual(processesOf(run.lab), []);
  while (directories.some((directory) => existsSync(directory)) || leftIn(run.temporary).length > 0)
    await delay(20);
});

test('the link to a host is cut for ten seconds', async (t) => {
  if (!haveHosts(t)) return;
  const run = await coupledRun(t, '--passing', 'reference');
  await setWire(run, 'thermal', 'down');
  await delay(10_000);
  await setWire(run, 'thermal', 'up');
  assert.equal(await endsWell(run), 'right numbers');
});
