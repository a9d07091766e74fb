import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Service } from '../../src/jobs/index.ts';
import { workspace } from '../support/workspace.ts';

// A minute is the least that can be asked for, so this takes one.
test('a machine without a scheduler keeps the wall time limit too, also of what ignores TERM and of what sleeps', async (t) => {
  const poll = { leastMs: 100, mostMs: 1000 };
  const service = new Service('local://', { poll, graceSeconds: 1, sandboxRoot: join(workspace(t), 'jobs') });
  t.after(() => service.close());
  const run = (script: string) =>
    service.run({ executable: 'sh', arguments: ['-c', script], wallTimeLimit: 1, postExec: ['echo after'] });
  const [polite, stubborn, stopped] = await Promise.all([
    run('sleep 300'),
    run('trap "" TERM; while :; do sleep 1; done'),
    run('sleep 300'),
  ]);
  await stopped.suspend();
  for (const job of [polite, stubborn, stopped]) {
    assert.equal(await job.wait({ timeoutMs: 90_000 }), true);
    assert.deepEqual([job.state, job.reason], ['Failed', 'timeout']);
    const { startedAt, endedAt } = job.facts;
    const seconds = ((endedAt?.getTime() ?? 0) - (startedAt?.getTime() ?? 0)) / 1000;
    assert.ok(seconds >= 59 && seconds <= 75, `${seconds} s`);
  }
  assert.deepEqual([polite.facts.signal, stubborn.facts.signal], [15, 9]);
  assert.equal(String(await polite.stdout()), 'after\n');
});
