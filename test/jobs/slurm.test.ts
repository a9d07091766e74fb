import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Job, JobContainer, Service } from '../../src/jobs/index.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS, startSlurm } from '../support/slurm.ts';
import { workspace } from '../support/workspace.ts';

// One cluster for all, and one test, because its limit of a minute is waited for while everything else happens.
test('Slurm', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS)) return;
  const cluster = await startSlurm(t);
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  const directory = workspace(t);
  const root = join(directory, 'jobs');
  const poll = { leastMs: 200, mostMs: 1000 };
  const service = new Service('slurm://localhost?queue=debug', {
    poll,
    sandboxRoot: root,
    vanishedAfterMs: 1500,
  });
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
  const late = await sh('sleep 300', { wallTimeLimit: 1, name: 'late' });

  await t.test('exit codes, signals, times; words arrive as they are', async () => {
    const words = ['a  b', '$HOME', 'x;y', "it's", 'line\nbreak'];
    const jobs = await Promise.all([
      service.run({ executable: 'printf', arguments: ['<%s>', ...words], name: 'my "job"; $x' }),
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
    const { submittedAt, startedAt, endedAt } = done?.facts ?? {};
    assert.ok(submittedAt && startedAt && endedAt && submittedAt <= startedAt && startedAt <= endedAt);
  });

  await t.test('cancelled while running and while held', async () => {
    const [job, held] = await Promise.all([sh('sleep 300'), sh('true', { directives: ['--hold'] })]);
    await running(job);
    await held.refresh();
    assert.deepEqual([held.state, held.reason, held.facts.native], ['Pending', 'held', 'PD']);
    await job.suspend();
    await job.refresh();
    assert.equal(job.state, 'Suspended');
    await job.resume();
    await running(job);
    const container = new JobContainer(service);
    container.add(job);
    container.add(held);
    await container.cancel();
    await Promise.all([ended(job), ended(held)]);
    assert.deepEqual([job.state, job.reason, held.state], ['Canceled', 'cancelled-by-user', 'Canceled']);
  });

  await t.test('a signal reaches the program', async () => {
    const job = await sh('trap "echo caught; exit 7" USR1; echo ready; while :; do sleep 0.1; done');
    for await (const part of job.follow()) if (String(part).includes('ready')) break;
    await job.signal('SIGUSR1');
    await ended(job);
    assert.deepEqual([job.exitCode, String(await job.stdout())], [7, 'ready\ncaught\n']);
  });

  await t.test('files in and out, and refusals in its own words', async () => {
    writeFileSync(join(directory, 'in'), 'data\n');
    const job = await sh('rev in > out; exit 1', {
      fileTransfer: [`${directory}/in > in`, `${directory}/out < out`],
    });
    await ended(job);
    assert.equal(readFileSync(join(directory, 'out'), 'utf8'), 'atad\n');
    const refused = service.createJob({ executable: 'true', queue: 'nope' });
    await assert.rejects(
      refused.run(),
      (error) => isLatchkeyError(error, 'jobs/scheduler') && /invalid partition/i.test(error.message),
    );
    assert.equal(refused.state, 'New');
  });

  // Without cgroups Slurm looks at the memory each second, ends the job, and says why on the script's standard error alone.
  await t.test('too much memory ends a job, and is told as that', async () => {
    const greedy = `x=$(head -c 300000000 /dev/zero | tr '\\0' a); sleep 30`;
    const [job, array] = await Promise.all([
      sh(greedy, { totalPhysicalMemory: 50 }),
      sh(`[ "$LATCHKEY_TASK" = 1 ] || { ${greedy}; }`, { totalPhysicalMemory: 50, arraySize: 2 }),
    ]);
    await Promise.all([ended(job), ended(array)]);
    assert.deepEqual([job.state, job.reason, job.facts.signal], ['Failed', 'out-of-memory', 9]);
    const [fine, other] = [array.tasks.get(1), array.tasks.get(2)];
    assert.deepEqual([fine?.state, other?.state, other?.reason], ['Done', 'Failed', 'out-of-memory']);
  });

  await t.test('an array of 200 is one job with 200 states', async () => {
    const job = await service.run({
      executable: 'sh',
      arguments: ['-c', 'echo "task $LATCHKEY_TASK"; [ "$LATCHKEY_TASK" != 13 ] || exit 9'],
      arraySize: 200,
      output: `${directory}/task.%a`,
    });
    await ended(job, 240_000);
    assert.equal(job.tasks.size, 200);
    assert.deepEqual([job.state, job.exitCode, job.facts.native], ['Failed', 9, '199 Done, 1 Failed']);
    assert.deepEqual([job.tasks.get(13)?.exitCode, job.tasks.get(200)?.state], [9, 'Done']);
    assert.equal(String(await job.stdout({ task: 77 })), 'task 77\n');
    const other = await service.run({ executable: 'sleep', arguments: ['300'], arraySize: 5 });
    await other.cancel();
    await ended(other);
    assert.deepEqual(other.facts.native, '5 Canceled');
  });

  await t.test(
    'the controller is down for a while: states stay, the trouble is told, and then all is well',
    async () => {
      const [job, done] = await Promise.all([sh('sleep 6; exit 4'), sh('sleep 300')]);
      await Promise.all([running(job), running(done)]);
      const told: string[] = [];
      job.onChange((change) => told.push(change.kind === 'state' ? change.facts.state : change.kind));
      await cluster.stopController();
      await assert.rejects(sh('true'), (error) => isLatchkeyError(error, 'jobs/scheduler'));
      await job.refresh();
      assert.equal(job.state, 'Running');
      assert.match(job.trouble?.message ?? '', /squeue failed: .*(?:contact|connect)/i);
      assert.equal(job.trouble?.retryable, true);
      await delay(7000);
      await job.refresh();
      assert.equal(job.state, 'Running', 'nobody could tell its end');
      await cluster.startController();
      await ended(job);
      assert.deepEqual([job.state, job.exitCode, job.trouble], ['Failed', 4, undefined]);
      assert.deepEqual([told[0], told.at(-1)], ['trouble', 'Failed']);
      assert.ok(told.includes('recovered'));
      await done.cancel();
      await ended(done);
    },
  );

  await t.test('another process takes a job up by its id; unknown ids are unknown', async (inner) => {
    const job = await sh('sleep 2; echo here; exit 5');
    const later = new Service('slurm://', { poll, sandboxRoot: root });
    inner.after(() => later.close());
    const again = await later.getJob(job.id as string);
    assert.deepEqual(again.description?.arguments, job.description?.arguments);
    await Promise.all([ended(again), ended(job)]);
    assert.deepEqual([again.exitCode, String(await again.stdout())], [5, 'here\n']);
    assert.ok((await later.list()).includes(job.id as string));
    await assert.rejects(later.getJob('[slurm://localhost]-[999999]'), (error) =>
      isLatchkeyError(error, 'jobs/not-found'),
    );
    const foreign = cluster.tool('sbatch', '--parsable', '-o', '/dev/null', '--wrap', 'exit 2').trim();
    const theirs = await later.getJob(`[slurm://localhost]-[${foreign}]`);
    await ended(theirs);
    assert.deepEqual([theirs.state, theirs.exitCode, theirs.description], ['Failed', 2, undefined]);
  });

  await t.test('the time limit is a failure with its reason, where SAGA says Canceled', async () => {
    await ended(late, 150_000);
    assert.deepEqual([late.state, late.reason, late.facts.native], ['Failed', 'timeout', 'TO']);
    assert.equal(late.facts.signal, 15);
  });
  assert.ok(existsSync(root) && readdirSync(root).length > 0);
});

test('a job that Slurm has forgotten is what its sandbox says, else vanished and never guessed Done', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS)) return;
  const cluster = await startSlurm(t, { minJobAgeSeconds: 2 });
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  const root = join(workspace(t), 'jobs');
  // It is asked only when the test says so.
  const poll = { leastMs: 3_600_000, mostMs: 3_600_000 };
  const service = new Service('slurm://', { poll, sandboxRoot: root, vanishedAfterMs: 0 });
  t.after(() => service.close());
  const [kept, lost] = await Promise.all([
    service.run({ executable: 'sh', arguments: ['-c', 'exit 6'], name: 'kept' }),
    service.run({ executable: 'true', name: 'lost' }),
  ]);
  for (let tries = 0; tries < 400 && cluster.tool('squeue', '-h', '-t', 'all').trim() !== ''; tries += 1)
    await delay(200);
  assert.equal(cluster.tool('squeue', '-h', '-t', 'all').trim(), '', 'it is still known');
  const sandbox = readdirSync(root).find((tag) =>
    readFileSync(join(root, tag, 'job.json'), 'utf8').includes('"lost"'),
  );
  rmSync(join(root, sandbox as string, 'end'));
  await kept.refresh();
  assert.equal(await kept.wait({ timeoutMs: 10_000 }), true);
  assert.deepEqual([kept.state, kept.exitCode], ['Failed', 6]);
  assert.deepEqual([lost.state, lost.reason, lost.exitCode], ['Unknown', 'vanished', undefined]);
});
