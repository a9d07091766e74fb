import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PyroDict } from '../../src/pyro/index.ts';
import { getFile, putFile } from '../../src/remote/index.ts';
import { modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { allocateNode, callModel, jobStatus, NODE_MODEL } from '../support/node-models.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS, startSlurm } from '../support/slurm.ts';
import { startSshd } from '../support/sshd.ts';
import { workspace } from '../support/workspace.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];

/** A machine that only sshd leads to, with a home of its own; and what a model server must be told of it. */
async function machine(
  t: TestContext,
  environment: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
) {
  // Whoever logs in there finds itself in a directory that goes away after the test.
  const home = workspace(t);
  const variables = Object.entries({ ...environment, HOME: home, SHLVL: '1' });
  const sshd = await startSshd(t, {
    config: [`SetEnv ${variables.map(([name, value]) => `${name}=${value}`).join(' ')}`, ...more],
  });
  const module = join(sshd.directory, 'model.mjs');
  writeFileSync(module, NODE_MODEL);
  const config = join(sshd.directory, 'latchkey.toml');
  const settings = (host: string, more: string) =>
    writeFileSync(
      config,
      `[models]\nname = "Models"\nhost = "${host}"\nruntime = ["${process.execPath}", "${latchkeyExecutable}"]\nclass = "${module}#Counter"\n${more}`,
    );
  // Whatever becomes of a test, its jobs end.
  const login = [
    '--time',
    '5m',
    '--only-these',
    '-i',
    sshd.key,
    '--known-hosts',
    sshd.knownHosts,
    '--ssh-config',
    'none',
  ];
  const at = `${sshd.user}@${sshd.target.host}:${sshd.target.port}`;
  return { sshd, home, config, settings, login, at, directory: sshd.directory };
}

test('models on a machine that only sshd leads to', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { sshd, home, config, settings, login, at, directory } = await machine(t);
  settings(`ssh://${at}`, '');
  const first = await modelServerProcess(t, ['-c', config, ...login]);
  const server = await first.connect();
  const job = await allocateNode(server);
  // It listens on a socket of its private directory there; clients come by one of the server's directory here.
  assert.equal(job.protection, 'token');
  assert.match(job.uri, new RegExp(`^PYRO:model@\\./u:${first.directory}/jobs/1/s$`));
  assert.equal(await callModel(job, 'add', [2]), 2);
  const there = String(await callModel(job, 'where'));
  assert.match(there.slice(home.length), /^\/\.latchkey\/models\/[0-9a-f]{10}\/jobs\/1\/work$/);
  const modelDirectory = join(there, '..');
  assert.equal(statSync(modelDirectory).mode & 0o777, 0o700);
  assert.equal(statSync(join(modelDirectory, 'report')).mode & 0o777, 0o600);

  await t.test('its files are there, and its log', async () => {
    const bytes = randomBytes(3_000_000);
    writeFileSync(join(directory, 'field'), bytes);
    await putFile(server, job.id, join(directory, 'field'), 'field.in', { key: job.key });
    assert.deepEqual(readFileSync(join(there, 'field.in')), bytes);
    assert.deepEqual(readdirSync(join(first.directory, 'jobs', '1', 'work')), [], 'nothing stays here');
    await getFile(server, job.id, 'field.in', join(directory, 'field.back'), { key: job.key });
    assert.deepEqual(readFileSync(join(directory, 'field.back')), bytes);
    mkdirSync(join(there, 'sub'));
    await putFile(server, job.id, config, 'sub/settings', { key: job.key });
    const listed = (await server.call('listFiles', [
      job.id,
      '.',
      job.key.revealText(),
    ])) as readonly PyroDict[];
    assert.deepEqual(
      listed.map(({ name, isDirectory }) => [name, isDirectory]),
      [
        ['field.in', false],
        ['sub', true],
      ],
    );
    for (const path of ['../report', '/etc/passwd'])
      await assert.rejects(
        getFile(server, job.id, path, join(directory, 'no'), { key: job.key }),
        /leads out|the root/,
      );
    assert.deepEqual(await server.call('getJobLog', [job.id, 10, job.key.revealText()]), [
      'a model on a node',
    ]);
  });

  await t.test('a connection that is lost comes back under it', async () => {
    sshd.target.dropConnections();
    await until(async () => {
      try {
        return (await callModel(job, 'add', [0])) === 2;
      } catch {
        return false;
      }
    }, 'it is called again');
  });

  await t.test('a server that was killed has it again, and its end', async () => {
    first.process.kill('SIGKILL');
    const second = await modelServerProcess(t, ['-c', config, ...login], { directory: first.directory });
    const later = await second.connect();
    assert.equal((await jobStatus(later, job.id)).state, 'running');
    assert.equal(await callModel(job, 'add', [3]), 5);
    await assert.rejects(callModel(job, 'fail'));
    await until(async () => (await jobStatus(later, job.id)).state === 'ended', 'its end is seen');
    const { ending } = await jobStatus(later, job.id);
    assert.deepEqual([(ending as PyroDict).reason, (ending as PyroDict).exitCode], ['exited', 7]);
    const log = (await later.call('getJobLog', [job.id, 10, job.key.revealText()])) as readonly string[];
    assert.equal(log.at(-1), 'diverged at step 7');
    let followed = '';
    for await (const piece of later.iterate('followJobLog', [job.id, 0, job.key.revealText()]))
      followed += piece;
    assert.equal(followed, 'a model on a node\ndiverged at step 7\n');
    const other = await allocateNode(later);
    assert.equal(await callModel(other, 'add', [1]), 1);
    await later.call('terminateJob', [other.id]);
    await until(async () => (await jobStatus(later, other.id)).state === 'ended', 'it has ended');
  });

  await t.test('a program that is not there is said with the words of that machine', async () => {
    const none = await modelServerProcess(t, [...['--host', `ssh://${at}`, ...login, '--', 'no-such-model']]);
    await assert.rejects(allocateNode(await none.connect()), /exit code 127.*no-such-model/s);
  });
});

test('a machine whose sshd forwards no sockets: its models listen on its loopback when that is said', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { config, settings, login, at } = await machine(t, {}, ['AllowStreamLocalForwarding no']);
  settings(`ssh://${at}`, '');
  const refused = await (await modelServerProcess(t, ['-c', config, ...login])).connect();
  await assert.rejects(allocateNode(refused), /what answers there is not that job/);
  settings(`ssh://${at}`, 'node_listen = "127.0.0.1"\n');
  const server = await (await modelServerProcess(t, ['-c', config, ...login])).connect();
  const job = await allocateNode(server);
  assert.equal(job.protection, 'hmac');
  assert.equal(await callModel(job, 'add', [2]), 2);
  await server.call('terminateJob', [job.id]);
  await until(async () => (await jobStatus(server, job.id)).state === 'ended', 'it has ended');
});

test('models on a node of Slurm that is reached through its login machine', async (t) => {
  if (!havePeers(t, ...PEERS, ...SLURM_PROGRAMS)) return;
  const cluster = await startSlurm(t);
  const { sshd, config, settings, login, at } = await machine(t, {
    SLURM_CONF: cluster.env.SLURM_CONF ?? '',
  });
  settings(
    `slurm+ssh://${at}?queue=debug`,
    '\n[models.job]\ntotalPhysicalMemory = 500\nwallTimeLimit = "10m"\n',
  );
  const { connect, directory } = await modelServerProcess(t, ['-c', config, ...login]);
  const server = await connect();
  // The login machine is out of reach while the job waits.
  const queue = (state: string) =>
    cluster.tool('scontrol', 'update', 'PartitionName=debug', `State=${state}`);
  queue('DOWN');
  const allocating = allocateNode(server);
  const jobs = async () =>
    ((await server.call('getStatusExtended')) as { readonly currJobs: readonly PyroDict[] }).currJobs;
  await until(async () => (await jobs()).some(({ state }) => state === 'queued'), 'it waits');
  await sshd.target.stop();
  queue('UP');
  await until(() => cluster.tool('squeue', '-h', '-o', '%T').trim() === 'RUNNING', 'it runs');
  await sshd.target.start();
  const job = await allocating;
  assert.match(job.uri, new RegExp(`\\./u:${directory}/jobs/1/s$`));
  assert.equal(job.protection, 'hmac', 'on the port of a node everybody can ask');
  assert.equal(await callModel(job, 'add', [2]), 2);
  const there = String(await callModel(job, 'where'));
  assert.match(String((await jobStatus(server, job.id)).batch), /^\[slurm\+ssh:\/\/.*\]-\[\d+\]$/);
  await server.call('terminateJob', [job.id]);
  await until(async () => (await jobStatus(server, job.id)).state === 'ended', 'it has ended');
  assert.equal(cluster.tool('squeue', '-h', '-t', 'all', '-o', '%T').trim(), 'CANCELLED');
  assert.equal(existsSync(there), true, 'its files are kept as long as the server knows it');
});
