// A cluster with slurmdbd and its database, that forgets jobs two seconds after their end: what `sacct` really says, and what we make of it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isFinal, type Job, Service } from '../../src/jobs/index.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { havePeers } from '../support/peers.ts';
import { SLURM_ACCOUNTING, SLURM_PROGRAMS, startSlurm } from '../support/slurm.ts';
import { workspace } from '../support/workspace.ts';

test('what Slurm has forgotten is asked of its accounts, which tell the truth', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS, ...SLURM_ACCOUNTING)) return;
  if (process.geteuid?.() !== 0) return t.skip('giving MariaDB a directory of its own needs root');
  const cluster = await startSlurm(t, { minJobAgeSeconds: 2, hasAccounts: true });
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  const root = join(workspace(t), 'jobs');
  // It is asked only when the test says so.
  const poll = { leastMs: 3_600_000, mostMs: 3_600_000 };
  const service = new Service('slurm://', { poll, sandboxRoot: root, vanishedAfterMs: 60_000 });
  t.after(() => service.close());
  const sh = (script: string, more: object = {}) =>
    service.run({ executable: 'sh', arguments: ['-c', script], ...more });
  const native = (job: Job) => /\[(\d+)\]$/.exec(job.id as string)?.[1] as string;
  const [done, failed, array, cancelled, twice, held] = await Promise.all([
    sh('true'),
    sh('exit 6'),
    sh('exit $((LATCHKEY_TASK - 1))', { arraySize: 3 }),
    sh('sleep 300'),
    sh(`[ -e ${root}/again ] || { touch ${root}/again; sleep 300; }; exit 7`, { directives: ['--requeue'] }),
    sh('true', { directives: ['--hold'] }),
  ]);
  const until = async (format: string, wanted: RegExp) => {
    let said = '?';
    for (let tries = 0; tries < 600 && !wanted.test(said); tries += 1) {
      await delay(100);
      said = cluster.tool('squeue', '-h', '-a', '-t', 'all', '-o', format);
    }
    assert.match(said, wanted);
  };
  await until('%i %t', new RegExp(`^${native(cancelled)} R$`, 'm'));
  await until('%i %t', new RegExp(`^${native(twice)} R$`, 'm'));
  // By other means than ours.
  cluster.tool('scancel', native(cancelled), native(held));
  await delay(1000);
  cluster.tool('scontrol', 'requeue', native(twice));
  await until('%i %t', new RegExp(`^${native(twice)} PD$`, 'm'));
  cluster.tool('scontrol', 'update', `JobId=${native(twice)}`, 'StartTime=now');
  await until('%i', /^$/);
  // Nothing but the accounts has their ends.
  for (const tag of readdirSync(root).filter((name) => name.startsWith('lk-')))
    for (const name of readdirSync(join(root, tag)))
      if (/^end|^begin/.test(name)) rmSync(join(root, tag, name));
  const jobs = [done, failed, array, cancelled, twice, held];
  for (let tries = 0; tries < 100 && !jobs.every((job) => isFinal(job.state)); tries += 1) {
    await delay(200);
    await done.refresh();
  }
  for (const job of jobs) assert.equal(await job.wait({ timeoutMs: 10_000 }), true, `${job.id} ${job.state}`);
  assert.deepEqual(
    jobs.map(({ facts }) => [facts.state, facts.exitCode, facts.reason].join(' ')),
    [
      'Done 0 ',
      'Failed 6 non-zero-exit',
      'Failed 1 non-zero-exit',
      'Canceled  cancelled-by-user',
      'Failed 7 non-zero-exit',
      'Canceled  cancelled-by-user',
    ],
  );
  assert.deepEqual(
    [1, 2, 3].map((task) => [array.tasks.get(task)?.state, array.tasks.get(task)?.exitCode]),
    [
      ['Done', 0],
      ['Failed', 1],
      ['Failed', 2],
    ],
  );
  const { submittedAt, startedAt, endedAt, hosts, native: word } = failed.facts;
  assert.ok(submittedAt && startedAt && endedAt && submittedAt <= startedAt && startedAt <= endedAt);
  assert.deepEqual([hosts?.length, word], [1, 'FAILED']);
  assert.deepEqual([held.facts.startedAt, held.facts.hosts], [undefined, undefined]);

  await t.test('a job of others that Slurm has forgotten, and one that never was', async (inner) => {
    const theirs = cluster.tool('sbatch', '--parsable', '-o', '/dev/null', '--wrap', 'exit 2').trim();
    await until('%i', new RegExp(`^${theirs}$`, 'm'));
    await until('%i', /^$/);
    const later = new Service('slurm://', { sandboxRoot: root });
    inner.after(() => later.close());
    const job = await later.getJob(`[slurm://localhost]-[${theirs}]`);
    assert.equal(await job.wait({ timeoutMs: 20_000 }), true, job.state);
    assert.deepEqual([job.state, job.exitCode], ['Failed', 2]);
    await assert.rejects(later.getJob('[slurm://localhost]-[999999]'), (error) =>
      isLatchkeyError(error, 'jobs/not-found'),
    );
  });
  assert.ok(readFileSync(join(cluster.directory, 'slurm.conf'), 'utf8').includes('slurmdbd'));
});
