// Slurm's controller is away for more than a minute: ended, or there and silent.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Job, Service } from '../../src/jobs/index.ts';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS, type SlurmCluster, startSlurm } from '../support/slurm.ts';
import { workspace } from '../support/workspace.ts';

const OUTAGE_MS = 65_000;

async function outlastsAMinute(
  t: TestContext,
  begin: (cluster: SlurmCluster) => unknown,
  end: (cluster: SlurmCluster) => unknown,
): Promise<void> {
  const cluster = await startSlurm(t);
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  const directory = workspace(t);
  const root = join(directory, 'jobs');
  const service = new Service('slurm://', { poll: { leastMs: 500, mostMs: 5000 }, sandboxRoot: root });
  t.after(() => service.close());
  const sh = (script: string, more: object = {}) => ({
    ...{ executable: 'sh', arguments: ['-c', script] },
    ...more,
  });
  let made = 0;
  const source = {
    ...{ authority: 'test', isLocal: true },
    obtain: async () => {
      made += 1;
      const issuedAt = new Date();
      const expiresAt = new Date(issuedAt.getTime() + 12_000);
      return { kind: 'token', issuedAt, expiresAt, bytes: new Secret(`${expiresAt.getTime()}\n`) };
    },
  };
  const reads = `while [ ! -e ${directory}/go ]; do read -r until < "$BEARER_TOKEN_FILE"; [ "$until" -gt "$(date +%s)000" ] || echo late; sleep 0.5; done`;
  const [short, long, held] = (await Promise.all([
    service.run(sh('sleep 20; exit 4')),
    service.run(sh(reads, { credentials: [{ source, as: 'bearer-token' }] })),
    service.run(sh('true', { directives: ['--hold'] })),
  ])) as [Job, Job, Job];
  for (let tries = 0; tries < 100 && (short.state !== 'Running' || long.state !== 'Running'); tries += 1)
    await delay(200);
  assert.deepEqual([short.state, long.state, held.state], ['Running', 'Running', 'Pending']);
  const told: string[] = [];
  for (const job of [short, long, held])
    job.onChange((change) => told.push(`${change.kind} ${change.facts.state}`));

  await begin(cluster);
  const beganAt = Date.now();
  const refused = service.createJob(sh(`echo ran >> ${directory}/log`));
  await assert.rejects(refused.run(), (error) => isLatchkeyError(error, 'jobs/scheduler') && error.retryable);
  assert.equal(refused.state, 'New');
  const madeBefore = made;
  for (let at = Date.now(); at < beganAt + OUTAGE_MS; at = Date.now()) {
    await delay(1000);
    assert.deepEqual([short.state, long.state, held.state], ['Running', 'Running', 'Pending']);
  }
  assert.ok(made >= madeBefore + 4, 'credentials need no scheduler');
  for (const job of [short, long, held]) assert.equal(job.trouble?.retryable, true);
  await end(cluster);

  // The pause between questions grows to a minute at most.
  assert.equal(await short.wait({ timeoutMs: 120_000 }), true, `${short.state} ${short.trouble?.message}`);
  assert.deepEqual([short.state, short.exitCode, short.trouble], ['Failed', 4, undefined]);
  await refused.run();
  await refused.wait({ timeoutMs: 60_000 });
  assert.equal(refused.state, 'Done');
  assert.deepEqual([long.state, long.trouble, held.state], ['Running', undefined, 'Pending']);
  cluster.tool('touch', join(directory, 'go'));
  await Promise.all([long.wait({ timeoutMs: 60_000 }), held.cancel()]);
  await held.wait({ timeoutMs: 60_000 });
  assert.deepEqual([long.state, String(await long.stdout()), held.state], ['Done', '', 'Canceled']);
  // What was refused may have been taken all the same; it had nothing to run then.
  assert.equal(readFileSync(join(directory, 'log'), 'utf8'), 'ran\n');
  assert.ok(!told.some((one) => /Unknown/.test(one)), told.join(', '));
  assert.ok(readdirSync(root).every((tag) => !existsSync(join(root, tag, 'credentials'))));
}

test('a controller that was ended for a minute: nothing is lost, and all goes on without us being started anew', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS)) return;
  await outlastsAMinute(
    t,
    (cluster) => cluster.stopController(),
    (cluster) => cluster.startController(),
  );
});

test('a controller that was silent for a minute: the same', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS)) return;
  await outlastsAMinute(
    t,
    (cluster) => cluster.freezeController(),
    (cluster) => cluster.thawController(),
  );
});
