import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Connector, type Job, Service } from '../../src/jobs/index.ts';
import { LatchkeyError, Secret } from '../../src/kit/index.ts';
import { Context, Session } from '../../src/session/index.ts';
import { openLocal, type Transport } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS, startSlurm } from '../support/slurm.ts';
import { type SshGround, type SshGroundOptions, startSshd } from '../support/sshd.ts';
import { workspace } from '../support/workspace.ts';

const FAST = { poll: { leastMs: 100, mostMs: 500 }, graceSeconds: 1, vanishedAfterMs: 3000 };

async function reach(
  t: TestContext,
  options: SshGroundOptions = {},
): Promise<{
  readonly sshd: SshGround;
  readonly session: Session;
  readonly at: string;
  readonly root: string;
}> {
  const sshd = await startSshd(t, options);
  const hostKeys = { policy: 'strict', knownHostsFiles: [sshd.knownHosts] } as const;
  const session = new Session({ defaults: false, env: {}, home: '/nowhere', hostKeys });
  t.after(() => session.close());
  await session.addContext(new Context('SSH', { user_id: sshd.user, user_key: sshd.key }));
  return { sshd, session, at: `${sshd.target.host}:${sshd.target.port}`, root: join(sshd.directory, 'jobs') };
}

async function ended(job: Job): Promise<Job> {
  assert.equal(await job.wait({ timeoutMs: 60_000 }), true, `${job.id} has not ended: ${job.state}`);
  return job;
}

test('jobs run over ssh, and live through the loss of their connection', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { sshd, session, at, root } = await reach(t);
  const service = new Service(`ssh://${at}`, { ...FAST, session, sandboxRoot: root });
  t.after(() => service.close());
  const words = ['a  b', '$HOME', 'x;y', "it's", 'line\nbreak'];
  writeFileSync(join(sshd.directory, 'in'), 'data\n');
  const first = await service.run({
    executable: 'sh',
    arguments: ['-c', 'printf "<%s>" "$@"; rev in > out; exit 3', 'sh', ...words],
    fileTransfer: [`${sshd.directory}/in > in`, `${sshd.directory}/out < out`],
  });
  await ended(first);
  assert.deepEqual([first.state, first.exitCode], ['Failed', 3]);
  assert.equal(String(await first.stdout()), words.map((word) => `<${word}>`).join(''));
  assert.equal(readFileSync(join(sshd.directory, 'out'), 'utf8'), 'atad\n');
  assert.equal(first.id, `[ssh://${at}]-[${readdirSync(root)[0]}]`);

  const job = await service.run({ executable: 'sh', arguments: ['-c', 'sleep 4; echo still; exit 5'] });
  const kinds: string[] = [];
  job.onChange((change) => kinds.push(change.kind));
  sshd.target.dropConnections();
  await sshd.target.stop();
  for (let tries = 0; tries < 100 && job.trouble === undefined; tries += 1) await delay(100);
  assert.notEqual(job.trouble, undefined, 'the trouble is told');
  assert.ok(['Pending', 'Running'].includes(job.state));
  await sshd.target.start();
  await ended(job);
  assert.deepEqual([job.exitCode, String(await job.stdout()), job.trouble], [5, 'still\n', undefined]);
  assert.ok(kinds.includes('trouble') && kinds.includes('recovered'));
});

test('Slurm over ssh, with a credential that is renewed there', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen', ...SLURM_PROGRAMS)) return;
  const cluster = await startSlurm(t);
  const { session, at, root } = await reach(t, { config: [`SetEnv SLURM_CONF=${cluster.env.SLURM_CONF}`] });
  const service = new Service(`slurm+ssh://${at}?queue=debug`, { ...FAST, session, sandboxRoot: root });
  t.after(() => service.close());
  let made = 0;
  const source = {
    authority: 'test',
    isLocal: true,
    obtain: async () => {
      made += 1;
      const issuedAt = new Date();
      const expiresAt = new Date(issuedAt.getTime() + 3000);
      return { kind: 'token', issuedAt, expiresAt, bytes: new Secret(`token ${made}`) };
    },
  };
  const job = await service.run({
    executable: 'sh',
    arguments: ['-c', 'cat "$BEARER_TOKEN_FILE"; sleep 4; echo; cat "$BEARER_TOKEN_FILE"'],
    credentials: [{ source, as: 'bearer-token' }],
  });
  await ended(job);
  const [first = '', second = ''] = String(await job.stdout()).split('\n');
  assert.equal(job.state, 'Done');
  assert.match(first, /^token \d+$/);
  assert.ok(Number(second.slice(6)) > Number(first.slice(6)), `${first}, then ${second}`);
  assert.ok(!existsSync(join(root, readdirSync(root)[0] as string, 'credentials')));
});

/** Loses the answer of the `n`th script that submits: after it ran, or before. */
function losing(when: 'after' | 'before', count: number): Connector & { readonly lost: number } {
  let lost = 0;
  return {
    get lost() {
      return lost;
    },
    connect: async () => {
      const transport = openLocal();
      const script: Transport['script'] = async (text, args, options) => {
        const isSubmission = args.includes('sbatch') || args.some((word) => word.includes('setsid -f'));
        const isToBeLost = isSubmission && lost < count;
        if (isToBeLost) lost += 1;
        if (isToBeLost && when === 'before') throw new LatchkeyError('ssh/lost', 'lost', { retryable: true });
        const result = await transport.script(text, args, options);
        if (isToBeLost) throw new LatchkeyError('ssh/lost', 'lost', { retryable: true });
        return result;
      };
      return { ...transport, script };
    },
  };
}

test('a connection that is lost in mid-submit neither loses nor doubles a job', async (t) => {
  const directory = workspace(t);
  for (const when of ['after', 'before'] as const) {
    const root = join(directory, when);
    const session = losing(when, 1);
    const service = new Service('ssh://host', { ...FAST, session, sandboxRoot: root });
    t.after(() => service.close());
    const job = await service.run({
      executable: 'sh',
      arguments: ['-c', `echo ran >> ${directory}/${when}.log`],
    });
    await ended(job);
    assert.equal(session.lost, 1);
    assert.equal(readFileSync(`${directory}/${when}.log`, 'utf8'), 'ran\n');
    assert.deepEqual(readdirSync(root).length, 1);
  }
});

test('the same on Slurm', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS)) return;
  const cluster = await startSlurm(t);
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  const directory = workspace(t);
  for (const when of ['after', 'before'] as const) {
    const session = losing(when, 1);
    const service = new Service('slurm+ssh://host', { ...FAST, session, sandboxRoot: join(directory, when) });
    t.after(() => service.close());
    const job = await service.run({
      executable: 'sh',
      arguments: ['-c', `echo ran >> ${directory}/${when}.log`],
    });
    await ended(job);
    assert.deepEqual([session.lost, job.state], [1, 'Done']);
    assert.equal(readFileSync(`${directory}/${when}.log`, 'utf8'), 'ran\n');
  }
  assert.equal(cluster.tool('squeue', '-h', '-t', 'all').trim().split('\n').length, 2);
});
