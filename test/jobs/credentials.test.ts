import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Job, type JobCredential, Service } from '../../src/jobs/index.ts';
import type { Source } from '../../src/keeper/index.ts';
import { isLatchkeyError, LatchkeyError, Secret } from '../../src/kit/index.ts';
import { havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS, startSlurm } from '../support/slurm.ts';
import { workspace } from '../support/workspace.ts';

const POLL = { leastMs: 100, mostMs: 500 };
/** Times in files are whole seconds. */
const LIFE_SECONDS = 6;

/** A test source: its credentials say themselves when they end. */
function shortLived(lifeSeconds = LIFE_SECONDS): Source & { readonly made: number } {
  let made = 0;
  return {
    authority: 'test',
    isLocal: true,
    get made() {
      return made;
    },
    obtain: async () => {
      made += 1;
      const issuedAt = new Date();
      const expiresAt = new Date(issuedAt.getTime() + lifeSeconds * 1000);
      const text = `ends ${Math.floor(expiresAt.getTime() / 1000)} number ${made}\n`;
      return { kind: 'token', issuedAt, expiresAt, bytes: new Secret(text) };
    },
  };
}

/** For three lives and a bit, ten times a second: reads each file that is given, and says when one is not valid. */
const READER = `
end=$(($(date +%s) + ${LIFE_SECONDS * 3 + 2}))
while now=$(date +%s); [ $now -lt $end ]; do
  for file in "$X509_USER_PROXY" "$BEARER_TOKEN_FILE" "$_CONDOR_CREDS/storage.use"; do
    read -r word until rest < "$file" || echo "cannot read $file"
    [ "$word" = ends ] && [ "$until" -ge "$now" ] || echo "at $now: $file has $word $until"
    echo "$now" >> seconds
  done
  sleep 0.1
done
echo "last $rest"
ls -l "$BEARER_TOKEN_FILE" | cut -c1-10
sort -u seconds | wc -l`;

function threeForms(source: Source): readonly JobCredential[] {
  return [
    { source, as: 'x509-proxy' },
    { source, as: 'bearer-token' },
    { source, as: { condor: 'storage' } },
  ];
}

async function readsValidOnes(service: Service, root: string): Promise<Job> {
  const source = shortLived();
  const job = await service.run({
    executable: 'sh',
    arguments: ['-c', READER],
    credentials: threeForms(source),
    wallTimeLimit: 1,
  });
  assert.deepEqual(
    job.findings.map((finding) => finding.code),
    ['credential-renewed', 'credential-renewed', 'credential-renewed'],
  );
  assert.equal(await job.wait({ timeoutMs: 90_000 }), true);
  const [last = '', mode, seconds] = String(await job.stdout()).split('\n');
  assert.match(last, /^last number \d+$/, String(await job.stdout()));
  assert.ok(Number(last.split(' ')[2]) >= 9, `three lives need more than ${last}`);
  assert.equal(mode, '-rw-------');
  assert.ok(Number(seconds) >= LIFE_SECONDS * 3, `${seconds} seconds were looked at`);
  assert.deepEqual([job.state, String(await job.stderr())], ['Done', '']);
  const tag = readdirSync(root).find((name) => job.id?.includes(name)) ?? (readdirSync(root)[0] as string);
  assert.deepEqual(
    readdirSync(join(root, tag)).filter((name) => /credentials|gone/.test(name)),
    [],
  );
  const made = source.made;
  await delay(LIFE_SECONDS * 500);
  assert.equal(source.made, made, 'it is renewed no more');
  return job;
}

function local(t: TestContext): { readonly service: Service; readonly root: string } {
  const root = join(workspace(t), 'jobs');
  const service = new Service('local://', { poll: POLL, sandboxRoot: root, graceSeconds: 1 });
  t.after(() => service.close());
  return { service, root };
}

test('a job on this machine reads valid credentials through three of their lives, and leaves none', async (t) => {
  const { service, root } = local(t);
  await readsValidOnes(service, root);
});

test('a Slurm job reads valid credentials through three of their lives, and leaves none', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS)) return;
  const cluster = await startSlurm(t);
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  const root = join(workspace(t), 'jobs');
  const service = new Service('slurm://', { poll: POLL, sandboxRoot: root });
  t.after(() => service.close());
  await readsValidOnes(service, root);
});

test('they are there before the job starts, and gone when it was cancelled', async (t) => {
  const { service, root } = local(t);
  const script = 'trap "" TERM; cat "$BEARER_TOKEN_FILE"; while :; do sleep 1; done';
  const job = await service.run({
    executable: 'sh',
    arguments: ['-c', script],
    credentials: [{ source: shortLived(3600), as: 'bearer-token' }],
  });
  for await (const part of job.follow()) if (String(part).startsWith('ends ')) break;
  const tag = readdirSync(root)[0] as string;
  assert.ok(existsSync(join(root, tag, 'credentials', 'bearer-token')));
  assert.ok(!readFileSync(join(root, tag, 'job.json'), 'utf8').includes('ends '));
  await job.cancel();
  assert.equal(await job.wait({ timeoutMs: 20_000 }), true);
  assert.equal(job.state, 'Canceled');
  assert.ok(!existsSync(join(root, tag, 'credentials')));
});

test('the launcher takes them away even when nobody watches', async (t) => {
  const { service, root } = local(t);
  const job = await service.run({
    executable: 'sleep',
    arguments: ['1'],
    credentials: [{ source: shortLived(3600), as: 'x509-proxy' }],
  });
  const tag = readdirSync(root)[0] as string;
  await service.close();
  for (let tries = 0; tries < 100 && !existsSync(join(root, tag, 'end')); tries += 1) await delay(100);
  assert.ok(!existsSync(join(root, tag, 'credentials')));
  assert.notEqual(job.id, undefined);
});

test('a process was killed: the next one takes the job up, renews, and takes away', async (t) => {
  const { service, root } = local(t);
  const job = await service.run({
    executable: 'sh',
    arguments: [
      '-c',
      READER.replaceAll('"$X509_USER_PROXY" ', '').replaceAll(' "$_CONDOR_CREDS/storage.use"', ''),
    ],
    credentials: [{ source: shortLived(), as: 'bearer-token' }],
  });
  // Nothing of the first process goes on, as after kill -9.
  await service.close();
  await delay(1000);
  const later = new Service('local://', { poll: POLL, sandboxRoot: root });
  t.after(() => later.close());
  const source = shortLived();
  const again = await later.getJob(job.id as string, { credentials: [{ source, as: 'bearer-token' }] });
  assert.equal(await again.wait({ timeoutMs: 60_000 }), true);
  assert.match(String(await again.stdout()), /^last number \d+\n-rw-------\n/);
  assert.ok(source.made > 6);
  assert.ok(!existsSync(join(root, readdirSync(root)[0] as string, 'credentials')));
});

test('a job with credentials that ended while nobody looked is told as it ended', async (t) => {
  const { service, root } = local(t);
  const job = await service.run({
    executable: 'true',
    credentials: [{ source: shortLived(3600), as: 'bearer-token' }],
  });
  await job.wait({ timeoutMs: 20_000 });
  await service.close();
  const later = new Service('local://', { sandboxRoot: root });
  t.after(() => later.close());
  const again = await later.getJob(job.id as string);
  assert.deepEqual([again.state, again.exitCode], ['Done', 0]);
});

test('a credential that cannot last is told of, or refused by policy; nothing is left there then', async (t) => {
  const { service, root } = local(t);
  const fixed = { source: shortLived(120), as: 'bearer-token', renewable: false } as const;
  const warned = await service.run({ executable: 'true', credentials: [fixed], wallTimeLimit: '1h' });
  assert.deepEqual(
    warned.findings.map((finding) => finding.code),
    ['credential-too-short'],
  );
  await warned.wait();
  await warned.remove();
  const refuse = { executable: 'true', credentialPolicy: 'refuse' } as const;
  const refused = (description: object, message: RegExp) =>
    assert.rejects(
      service.run({ ...refuse, ...description }),
      (error) => isLatchkeyError(error, 'jobs/credential-too-short') && message.test(error.message),
    );
  await refused({ credentials: [fixed], wallTimeLimit: 60 }, /may run for 60 minutes/);
  await refused({ credentials: [fixed] }, /no wall time limit/);
  await refused({ credentials: [{ source: shortLived(-5), as: 'bearer-token' }] }, /which is past/);
  const broken: Source = {
    authority: 'test',
    isLocal: true,
    obtain: async () => {
      throw new LatchkeyError('oauth/denied', 'the user said no', { hint: 'ask again' });
    },
  };
  await assert.rejects(
    service.run({ executable: 'true', credentials: [{ source: broken, as: 'bearer-token' }] }),
    (error) => isLatchkeyError(error, 'jobs/staging') && /the user said no/.test(error.message),
  );
  assert.deepEqual(readdirSync(root), []);
  const good = await service.run({ ...refuse, credentials: [fixed], wallTimeLimit: 1 });
  assert.deepEqual(good.findings, []);
  await good.wait();
});

test('a renewal that fails is told to the job, whose state is what it was', async (t) => {
  const { service } = local(t);
  let isBroken = false;
  const healthy = shortLived();
  const source: Source = {
    ...healthy,
    obtain: async (lease, signal) => {
      if (isBroken) throw new LatchkeyError('oauth/unavailable', 'the issuer is away', { retryable: true });
      return healthy.obtain(lease, signal);
    },
  };
  const job = await service.run({
    executable: 'sleep',
    arguments: ['30'],
    credentials: [{ source, as: 'bearer-token' }],
  });
  isBroken = true;
  for await (const change of job) {
    if (change.kind !== 'credential') continue;
    assert.match(change.error?.message ?? '', /"bearer-token" is not renewed: the issuer is away/);
    assert.equal(change.facts.state, 'Running');
    break;
  }
  await job.cancel();
  await job.wait();
});
