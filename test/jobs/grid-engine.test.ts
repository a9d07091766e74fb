import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Job, Service } from '../../src/jobs/index.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { GRID_ENGINE_PROGRAMS, startGridEngine } from '../support/grid-engine.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

test('Grid Engine', async (t) => {
  if (!havePeers(t, ...GRID_ENGINE_PROGRAMS)) return;
  const cell = await startGridEngine(t);
  Object.assign(process.env, cell.env, { HOME: process.env.HOME });
  const directory = workspace(t);
  const root = join(directory, 'jobs');
  const poll = { leastMs: 200, mostMs: 1000 };
  const service = new Service('sge://', { poll, sandboxRoot: root, vanishedAfterMs: 5000 });
  t.after(() => service.close());
  const sh = (script: string, more: object = {}) =>
    service.run({ executable: 'sh', arguments: ['-c', script], ...more });
  const ended = async (job: Job, timeoutMs = 60_000) => {
    assert.equal(
      await job.wait({ timeoutMs }),
      true,
      `${job.id} has not ended: ${job.state} ${job.facts.native}`,
    );
    return job;
  };
  const running = async (job: Job) => {
    for (let tries = 0; tries < 100 && job.state !== 'Running'; tries += 1) {
      await delay(200);
      await job.refresh();
    }
    assert.equal(job.state, 'Running', `${job.id}: ${job.facts.native}`);
  };

  await t.test('exit codes, signals, times; words arrive as they are', async () => {
    const words = ['a  b', '$HOME', 'x;y', "it's", 'line\nbreak'];
    const jobs = await Promise.all([
      service.run({
        executable: 'printf',
        arguments: ['<%s>', ...words],
        name: '7 "jobs"; $x',
        totalCpuCount: 2,
      }),
      sh('exit 3'),
      sh('kill -9 $$'),
    ]);
    const [done, failed, killed] = await Promise.all(jobs.map((job) => ended(job)));
    assert.equal(String(await done?.stdout()), words.map((word) => `<${word}>`).join(''));
    assert.deepEqual([done?.state, done?.exitCode], ['Done', 0]);
    assert.deepEqual([failed?.state, failed?.exitCode, failed?.reason], ['Failed', 3, 'non-zero-exit']);
    assert.deepEqual(
      [killed?.state, killed?.facts.signal, killed?.reason],
      ['Failed', 9, 'killed-by-signal'],
    );
  });

  await t.test('cancelled while running and while held; suspended and resumed', async () => {
    const [job, held] = await Promise.all([sh('sleep 300'), sh('true', { directives: ['-h'] })]);
    await running(job);
    await held.refresh();
    assert.deepEqual([held.state, held.reason, held.facts.native], ['Pending', 'held', 'hqw']);
    await job.suspend();
    for (let tries = 0; tries < 50 && job.state !== 'Suspended'; tries += 1)
      await delay(100).then(() => job.refresh());
    assert.equal(job.state, 'Suspended');
    await job.resume();
    await running(job);
    await Promise.all([job.cancel(), held.cancel()]);
    await Promise.all([ended(job), ended(held)]);
    assert.deepEqual([job.state, job.reason, held.state], ['Canceled', 'cancelled-by-user', 'Canceled']);
    await assert.rejects((await sh('true')).signal('USR1'), (error) => isLatchkeyError(error));
  });

  await t.test('a hard limit is a failure with its reason', async () => {
    const late = await sh('sleep 300', { directives: ['-l h_rt=2'] });
    await ended(late);
    assert.deepEqual([late.state, late.reason], ['Failed', 'timeout']);
  });

  await t.test('files in and out; refusals in its own words', async () => {
    writeFileSync(join(directory, 'in'), 'data\n');
    const transfers = [`${directory}/in > in`, `${directory}/out < out`];
    await ended(await sh('rev in > out; exit 1', { fileTransfer: transfers }));
    assert.equal(readFileSync(join(directory, 'out'), 'utf8'), 'atad\n');
    await assert.rejects(
      sh('true', { queue: 'nope' }),
      (error) => isLatchkeyError(error, 'jobs/scheduler') && /unknown queue/i.test(error.message),
    );
    await assert.rejects(
      async () => sh('true', { totalGpuCount: 1 }),
      (error) => isLatchkeyError(error, 'jobs/unsupported') && /"sge".*"totalGpuCount"/.test(error.message),
    );
  });

  await t.test('an array of 200 is one job with 200 states', async () => {
    const job = await service.run({
      executable: 'sh',
      arguments: ['-c', 'echo "task $LATCHKEY_TASK"; [ "$LATCHKEY_TASK" != 13 ] || exit 9'],
      arraySize: 200,
      output: `${directory}/task.%a`,
    });
    await ended(job, 240_000);
    assert.deepEqual([job.state, job.exitCode, job.facts.native], ['Failed', 9, '199 Done, 1 Failed']);
    assert.equal(job.tasks.get(13)?.exitCode, 9);
    assert.equal(String(await job.stdout({ task: 77 })), 'task 77\n');
  });

  await t.test('the master is down for a while: states stay, and then all is well', async () => {
    const job = await sh('sleep 5; exit 4');
    await running(job);
    await cell.stopMaster();
    await job.refresh();
    assert.equal(job.state, 'Running');
    assert.match(job.trouble?.message ?? '', /qstat failed/);
    assert.equal(job.trouble?.retryable, true);
    await delay(6000);
    await cell.startMaster();
    await ended(job);
    assert.deepEqual([job.state, job.exitCode, job.trouble], ['Failed', 4, undefined]);
  });

  await t.test('another process takes a job up by its id; unknown ids are unknown', async (inner) => {
    const job = await sh('sleep 2; echo here; exit 5');
    const later = new Service('sge://', { poll, sandboxRoot: root });
    inner.after(() => later.close());
    const again = await later.getJob(job.id as string);
    await Promise.all([ended(again), ended(job)]);
    assert.deepEqual([again.exitCode, String(await again.stdout())], [5, 'here\n']);
    await assert.rejects(later.getJob('[sge://localhost]-[999999]'), (error) =>
      isLatchkeyError(error, 'jobs/not-found'),
    );
  });

  await t.test('a job that ended without a record is told by the accounts', async () => {
    const job = await sh('sleep 300');
    await running(job);
    cell.tool('qdel', job.id?.split('-[').at(-1)?.slice(0, -1) as string);
    await ended(job);
    assert.deepEqual(
      [job.state, job.facts.signal, job.facts.native],
      ['Failed', 9, 'failed 100 : assumedly after job'],
    );
  });
});
