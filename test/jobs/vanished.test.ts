import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Job, Service } from '../../src/jobs/index.ts';
import type { Source } from '../../src/keeper/index.ts';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { latchkey } from '../cli-commands/installation.ts';
import { havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS, startSlurm } from '../support/slurm.ts';
import { workspace } from '../support/workspace.ts';

function shortLived(): Source & { readonly made: number } {
  let made = 0;
  return {
    ...{ authority: 'test', isLocal: true },
    get made() {
      return made;
    },
    obtain: async () => {
      made += 1;
      const issuedAt = new Date();
      const expiresAt = new Date(issuedAt.getTime() + 4000);
      return { kind: 'token', issuedAt, expiresAt, bytes: new Secret(`token ${made}\n`) };
    },
  };
}

function local(t: TestContext) {
  const root = join(workspace(t), 'jobs');
  const options = { poll: { leastMs: 100, mostMs: 300 }, sandboxRoot: root, vanishedAfterMs: 1500 };
  const service = new Service('local://', options);
  t.after(() => service.close());
  const source = shortLived();
  const sleeper = { executable: 'sleep', arguments: ['300'] };
  const run = () => service.run({ ...sleeper, credentials: [{ source, as: 'bearer-token' as const }] });
  return { service, root, source, run, options };
}

/** Launcher and program end without a word, as when a machine loses its power. */
function endsWithoutAWord(sandbox: string): void {
  const pidIn = (file: string, field: number) =>
    Number(readFileSync(join(sandbox, file), 'utf8').split(' ')[field]);
  const pids = [pidIn('begin', 1), pidIn('program', 0)];
  for (const pid of pids) {
    assert.ok(readFileSync(`/proc/${pid}/cmdline`, 'latin1').match(/launcher|sleep/), `${pid} is ours`);
  }
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

async function vanished(job: Job): Promise<void> {
  for (let tries = 0; tries < 200 && job.reason !== 'vanished'; tries += 1) await delay(50);
  assert.deepEqual([job.state, job.reason], ['Unknown', 'vanished']);
}

test('of a job that vanished the credentials go, after the grace, and are renewed no more; then it can be removed', async (t) => {
  const { service, root, source, run } = local(t);
  const job = await run();
  const sandbox = join(root, readdirSync(root)[0] as string);
  await assert.rejects(
    job.remove(),
    (error) => isLatchkeyError(error, 'jobs/state') && /Running/.test(error.message),
  );
  endsWithoutAWord(sandbox);
  await delay(700);
  await job.refresh();
  assert.ok(existsSync(join(sandbox, 'credentials', 'bearer-token')), 'it may be found again');
  await assert.rejects(
    job.remove(),
    (error) => isLatchkeyError(error, 'jobs/state') && /could tell of/.test(error.message),
  );
  await vanished(job);
  for (let tries = 0; tries < 100 && existsSync(join(sandbox, 'credentials')); tries += 1) await delay(50);
  assert.ok(!existsSync(join(sandbox, 'credentials')));
  const { made } = source;
  await delay(3000);
  assert.equal(source.made, made, 'it is renewed no more');
  await job.remove();
  assert.deepEqual(readdirSync(root), []);
  await assert.rejects(service.getJob(job.id as string), (error) => isLatchkeyError(error, 'jobs/not-found'));
});

test('another process that takes up a job that vanished takes the credentials away, too', async (t) => {
  const { service, root, run, options } = local(t);
  const job = await run();
  await service.close();
  const sandbox = join(root, readdirSync(root)[0] as string);
  endsWithoutAWord(sandbox);
  const later = new Service('local://', options);
  t.after(() => later.close());
  const again = await later.getJob(job.id as string);
  assert.ok(existsSync(join(sandbox, 'credentials', 'bearer-token')));
  await vanished(again);
  for (let tries = 0; tries < 100 && existsSync(join(sandbox, 'credentials')); tries += 1) await delay(50);
  assert.ok(!existsSync(join(sandbox, 'credentials')));
});

test('a job that is found again after all gets its credentials back', async (t) => {
  const { root, source, run } = local(t);
  const job = await run();
  const sandbox = join(root, readdirSync(root)[0] as string);
  const records = ['begin', 'program'].map(
    (name) => [join(sandbox, name), `${join(root, '..')}/${name}`] as const,
  );
  // A file system that is away for a while.
  const { renameSync } = await import('node:fs');
  for (const [there, away] of records) renameSync(there, away);
  rmSync(join(sandbox, 'begun'), { recursive: true });
  await vanished(job);
  for (let tries = 0; tries < 100 && existsSync(join(sandbox, 'credentials')); tries += 1) await delay(50);
  const { made } = source;
  for (const [there, away] of records) renameSync(away, there);
  for (let tries = 0; tries < 100 && job.state !== 'Running'; tries += 1) await delay(50);
  for (let tries = 0; tries < 100 && source.made < made + 3; tries += 1) await delay(100);
  assert.deepEqual([job.state, source.made >= made + 3], ['Running', true]);
  assert.match(readFileSync(join(sandbox, 'credentials', 'bearer-token'), 'utf8'), /^token \d+$/m);
  await job.cancel();
  assert.equal(await job.wait({ timeoutMs: 20_000 }), true);
});

test('latchkey jobs remove: what has ended, not what runs, and what vanished after its grace', (t) => {
  const home = workspace(t);
  const id = latchkey(home, ['run', '--detach', 'local://', '--', 'sleep', '300']).stdout.trim();
  const root = join(home, '.latchkey', 'jobs');
  const [tag = ''] = readdirSync(root);
  const refused = latchkey(home, ['jobs', 'remove', id]);
  assert.match(refused.stderr, /a job that is Running cannot be removed.*hint: cancel it first/s);
  assert.deepEqual([refused.code, readdirSync(root)], [1, [tag]]);
  endsWithoutAWord(join(root, tag));
  const removed = latchkey(home, ['jobs', 'remove', id]);
  assert.match(removed.stderr, /nobody knows what became of it.*waiting up to 40 s/s);
  assert.deepEqual(
    [removed.code, removed.stdout, readdirSync(root)],
    [0, `${id}  removed\n`, []],
    removed.stderr,
  );
  assert.match(latchkey(home, ['jobs', 'remove', id]).stderr, /nobody knows a job/);
  const done = latchkey(home, ['run', '--quiet', '--keep', 'local://', '--', 'true']);
  assert.equal(done.code, 0);
  const [other = ''] = readdirSync(root);
  assert.equal(latchkey(home, ['jobs', 'remove', `[local://localhost]-[${other}]`]).code, 0);
  assert.deepEqual(readdirSync(root), []);
});

test('latchkey run ends when its job has vanished, and says so', async (t) => {
  const home = workspace(t);
  const id = latchkey(home, ['run', '--detach', 'local://', '--', 'sleep', '300']).stdout.trim();
  endsWithoutAWord(
    join(home, '.latchkey', 'jobs', readdirSync(join(home, '.latchkey', 'jobs'))[0] as string),
  );
  const followed = latchkey(home, ['jobs', 'follow', id]);
  assert.equal(followed.code, 1);
  assert.match(followed.stderr, /Unknown \(vanished\).*hint: .*jobs remove/s);
});

test('a Slurm job that is requeued finds its credentials again when it runs once more', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS)) return;
  const cluster = await startSlurm(t);
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  const place = workspace(t);
  const root = join(place, 'jobs');
  const service = new Service('slurm://', { poll: { leastMs: 100, mostMs: 500 }, sandboxRoot: root });
  t.after(() => service.close());
  const script = `cat "$BEARER_TOKEN_FILE" >> ${place}/seen || exit 9; echo begun >> ${place}/begun; until [ -e ${place}/go ]; do sleep 0.1; done; cat "$BEARER_TOKEN_FILE" >> ${place}/seen`;
  const source = shortLived();
  const job = await service.run({
    ...{ executable: 'sh', arguments: ['-c', script], directives: ['--requeue'] },
    credentials: [{ source, as: 'bearer-token' }],
  });
  const states: string[] = [];
  job.onChange(({ kind, facts, error }) =>
    states.push(kind === 'state' ? facts.state : `${kind} ${error?.message}`),
  );
  const lines = (name: string) =>
    existsSync(join(place, name)) ? readFileSync(join(place, name), 'utf8').trim().split('\n').length : 0;
  for (let tries = 0; tries < 200 && lines('begun') < 1; tries += 1) await delay(100);
  for (let tries = 0; tries < 100 && job.state !== 'Running'; tries += 1) await delay(50);
  const native = /\[(\d+)\]$/.exec(job.id as string)?.[1] as string;
  cluster.tool('scontrol', 'requeue', native);
  for (let tries = 0; tries < 200 && job.state !== 'Pending'; tries += 1) await delay(50);
  assert.equal(job.state, 'Pending', states.join());
  for (
    let tries = 0;
    tries < 100 && !existsSync(join(root, readdirSync(root)[0] as string, 'credentials', 'bearer-token'));
    tries += 1
  )
    await delay(50);
  cluster.tool('scontrol', 'update', `JobId=${native}`, 'StartTime=now');
  for (let tries = 0; tries < 600 && lines('begun') < 2; tries += 1) await delay(100);
  assert.equal(lines('begun'), 2, `${job.state} ${job.facts.native} ${states.join()}`);
  await delay(5000);
  cluster.tool('touch', join(place, 'go'));
  assert.equal(await job.wait({ timeoutMs: 60_000 }), true);
  assert.equal(job.state, 'Done', String(await job.stderr()));
  const seen = readFileSync(join(place, 'seen'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => Number(line.slice(6)));
  assert.equal(seen.length, 3);
  assert.ok(
    (seen[2] as number) > (seen[1] as number) && (seen[1] as number) > (seen[0] as number),
    seen.join(),
  );
  assert.ok(!existsSync(join(root, readdirSync(root)[0] as string, 'credentials')));
  const course = states.filter((state, n) => state !== states[n - 1] && state !== 'Done');
  assert.deepEqual(
    course.slice(-3),
    ['Running', 'Pending', 'Running'],
    'and nothing that is no trouble is told',
  );
});
