import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Job, Service } from '../../src/jobs/index.ts';
import type { Source } from '../../src/keeper/index.ts';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { Context, Session } from '../../src/session/index.ts';
import { havePeers } from '../support/peers.ts';
import { startSshd } from '../support/sshd.ts';
import { workspace } from '../support/workspace.ts';

/** A machine behind a real sshd whose sandboxes are on a disk of 512 kB; `disk` is that disk, seen from here. */
async function smallMachine(t: TestContext) {
  if (!havePeers(t, 'ssh', 'sshd', 'ssh-keygen', 'unshare')) return undefined;
  if (process.geteuid?.() !== 0) {
    t.skip('mounting a small file system needs root');
    return undefined;
  }
  const ground = await startSshd(t, { diskSize: '512k' });
  const session = new Session({
    ...{ defaults: false, env: {}, home: '/nowhere' },
    hostKeys: { policy: 'strict', knownHostsFiles: [ground.knownHosts] },
  });
  t.after(() => session.close());
  await session.addContext(new Context('SSH', { user_id: ground.user, user_key: ground.key }));
  const place = join(ground.directory, 'disk');
  const service = new Service(`ssh://127.0.0.1:${ground.target.port}`, {
    ...{ session, sandboxRoot: join(place, 'jobs'), poll: { leastMs: 100, mostMs: 500 } },
    ...{ vanishedAfterMs: 3000, graceSeconds: 1 },
  });
  t.after(() => service.close());
  return { service, disk: ground.target.seenFromHere(place) };
}

/** Takes all the room that there is. */
function fill(disk: string): void {
  assert.throws(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(1 << 20)), { code: 'ENOSPC' });
}

async function ended(job: Job): Promise<Job> {
  assert.equal(
    await job.wait({ timeoutMs: 30_000 }),
    true,
    `${job.id}: ${job.state} ${job.trouble?.message}`,
  );
  return job;
}

test('a disk that is full while files are staged: the job is not submitted, nothing is left, the next one runs', async (t) => {
  const machine = await smallMachine(t);
  if (machine === undefined) return;
  const { service, disk } = machine;
  const here = workspace(t);
  writeFileSync(join(here, 'big'), Buffer.alloc(2 << 20, 'x'));
  writeFileSync(join(here, 'small'), 'data\n');
  const job = service.createJob({
    ...{ executable: 'rev', arguments: ['small'] },
    fileTransfer: [`${here}/small > small`, `${here}/big > big`],
  });
  await assert.rejects(
    job.run(),
    (error) => isLatchkeyError(error, 'jobs/staging') && /the disk is full/.test(error.message),
  );
  assert.equal(job.state, 'New');
  assert.deepEqual(readdirSync(join(disk, 'jobs')), []);
  const next = await ended(
    await service.run({
      ...{ executable: 'rev', arguments: ['small'] },
      fileTransfer: [`${here}/small > small`],
    }),
  );
  assert.deepEqual([next.state, String(await next.stdout())], ['Done', 'atad\n']);
});

test('a full disk takes no job at all, and says so', async (t) => {
  const machine = await smallMachine(t);
  if (machine === undefined) return;
  const { service, disk } = machine;
  await ended(await service.run({ executable: 'true', cleanup: true }));
  fill(disk);
  for (const credentials of [[], [{ source: tokens(60), as: 'bearer-token' as const }]])
    await assert.rejects(
      service.run({ executable: 'true', credentials }),
      (error) =>
        isLatchkeyError(error, 'jobs/staging') && /the disk is full|0 kB are free/.test(error.message),
    );
  assert.deepEqual(readdirSync(join(disk, 'jobs')), []);
});

/** Tokens of that many seconds; each ends with a line of its own, so that half of one is seen. */
function tokens(lifeSeconds: number): Source & { readonly made: number } {
  let made = 0;
  return {
    ...{ authority: 'test', isLocal: true },
    get made() {
      return made;
    },
    obtain: async () => {
      made += 1;
      const issuedAt = new Date();
      const expiresAt = new Date(issuedAt.getTime() + lifeSeconds * 1000);
      const text = `token ${made}\n${'x'.repeat(6000)}\nwhole\n`;
      return { kind: 'token', issuedAt, expiresAt, bytes: new Secret(text) };
    },
  };
}

test('a disk that is full while a credential is renewed: the old one stays whole, it is told, and then renewed', async (t) => {
  const machine = await smallMachine(t);
  if (machine === undefined) return;
  const { service, disk } = machine;
  const script =
    'until [ -e ../go ]; do [ "$(tail -n 1 "$BEARER_TOKEN_FILE")" = whole ] || echo torn; sleep 0.05; done; head -n 1 "$BEARER_TOKEN_FILE"';
  const source = tokens(4);
  const job = await service.run({
    ...{ executable: 'sh', arguments: ['-c', script] },
    credentials: [{ source, as: 'bearer-token' }],
  });
  const [tag = ''] = readdirSync(join(disk, 'jobs'));
  const file = join(disk, 'jobs', tag, 'credentials', 'bearer-token');
  const number = () => Number(/token (\d+)/.exec(readFileSync(file, 'utf8'))?.[1]);
  fill(disk);
  const had = number();
  for await (const { kind, error, facts } of job) {
    if (kind !== 'credential') continue;
    assert.match(error?.message ?? '', /"bearer-token" is not renewed: .*disk is full/);
    assert.equal(facts.state, 'Running');
    break;
  }
  await delay(1500);
  assert.equal(number(), had);
  assert.match(readFileSync(file, 'utf8'), /\nwhole\n$/);
  assert.deepEqual(readdirSync(join(file, '..')).sort(), ['bearer-token', 'condor']);
  rmSync(join(disk, 'filler'));
  for (let tries = 0; tries < 400 && number() === had; tries += 1) await delay(50);
  assert.ok(number() > had, 'it is renewed again');
  writeFileSync(join(disk, 'jobs', tag, 'go'), '');
  await ended(job);
  assert.match(String(await job.stdout()), /^token \d+\n$/);
});

test('a job that fills the disk itself is told as it ended', async (t) => {
  const machine = await smallMachine(t);
  if (machine === undefined) return;
  const { service, disk } = machine;
  for (const credentials of [[], [{ source: tokens(3600), as: 'bearer-token' as const }]]) {
    const script = 'cat /dev/zero > big; exit 5';
    const job = await service.run({ executable: 'sh', arguments: ['-c', script], credentials });
    await job.wait({ timeoutMs: 10_000 });
    assert.deepEqual([job.state, job.exitCode], ['Failed', 5]);
    const [tag = ''] = readdirSync(join(disk, 'jobs'));
    assert.ok(!readdirSync(join(disk, 'jobs', tag)).includes('credentials'));
    await job.remove();
  }
});
