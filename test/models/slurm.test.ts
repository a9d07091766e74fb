import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError } from '../../src/kit/index.ts';
import type { PyroDict, RemoteObject } from '../../src/pyro/index.ts';
import {
  type AllocationProgress,
  allocateApplicationWithModelServer,
  getFile,
  putFile,
} from '../../src/remote/index.ts';
import { latchkey, type ModelServerProcess, modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { allocateNode, callModel, clientOf, jobStatus, NODE_MODEL } from '../support/node-models.ts';
import { havePeers } from '../support/peers.ts';
import { processTree, signalAll } from '../support/processes.ts';
import { SLURM_PROGRAMS, startSlurm } from '../support/slurm.ts';
import { repositoryRoot } from '../support/workspace.ts';

interface Counter {
  pid(): number;
  add(n: number): number;
  wait(seconds: number): void;
}

/** Ends what Slurm keeps for one batch job, by a process that it runs; one that is not of this cluster is left alone. */
function endStep(pid: number, mark: string): void {
  const read = (process: number, file: string) => {
    try {
      return readFileSync(`/proc/${process}/${file}`, 'latin1');
    } catch {
      return '';
    }
  };
  if (!read(pid, 'environ').includes(mark)) return;
  let step = pid;
  while (step > 1 && !read(step, 'cmdline').startsWith('slurmstepd'))
    step = Number(
      read(step, 'stat')
        .replace(/^.*\) /s, '')
        .split(' ')[1] ?? 0,
    );
  if (step > 1) signalAll(processTree(step), 'SIGKILL');
}

// One cluster for all.
test('models on a node of Slurm', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS)) return;
  const cluster = await startSlurm(t);
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  const module = join(cluster.directory, 'model.mjs');
  writeFileSync(module, NODE_MODEL);
  const token = join(cluster.directory, 'token');
  writeFileSync(token, 'a.b.c\n', { mode: 0o600 });
  const queue = (state: 'UP' | 'DOWN') =>
    cluster.tool('scontrol', 'update', 'PartitionName=debug', `State=${state}`);
  const batchOf = (facts: PyroDict) => /\]-\[(\d+)\]$/.exec(String(facts.batch))?.[1] ?? '0';
  const schedulerSays = (facts: PyroDict) =>
    cluster.tool('squeue', '-h', '-t', 'all', '-o', '%T', `--jobs=${batchOf(facts)}`).trim();
  const isState = (server: RemoteObject, id: string, state: string) =>
    until(async () => (await jobStatus(server, id)).state === state, `${id} is ${state}`);
  const live = async (server: RemoteObject) =>
    ((await server.call('getStatusExtended')) as { readonly currJobs: readonly PyroDict[] }).currJobs.filter(
      ({ isLive }) => isLive === true,
    );
  /** The one live job, when it is known to wait. */
  const waiting = async (server: RemoteObject): Promise<PyroDict> => {
    let found: PyroDict | undefined;
    await until(async () => {
      [found] = (await live(server)).filter(({ queue: told }) => (told as PyroDict | null)?.native === 'PD');
      return found !== undefined;
    }, 'a job waits');
    return found as PyroDict;
  };
  const start = (
    model: string,
    more: readonly string[] = [],
    given?: { readonly directory: string },
  ): Promise<ModelServerProcess> =>
    modelServerProcess(
      t,
      [
        ...[
          '--host',
          'slurm://localhost/?queue=debug',
          '--name',
          'Models',
          '--max-jobs',
          '8',
          '--only-these',
        ],
        ...['--class', `${module}#${model}`, ...more],
      ],
      given,
    );
  const counters = await start('Counter', ['--token', token, '--cores', '1', '--time', '10m']);
  const server = await counters.connect();

  await t.test('allocated, called, terminated; files and log are in the job of the node', async () => {
    const job = await allocateNode(server);
    assert.equal(await callModel(job, 'add', [2]), 2);
    assert.equal(await callModel(job, 'add', [3]), 5);
    const facts = await jobStatus(server, job.id);
    assert.equal(schedulerSays(facts), 'RUNNING');
    const directory = join(counters.directory, 'jobs', '1');
    assert.equal(await callModel(job, 'where'), join(directory, 'work'));
    assert.equal(statSync(join(directory, 'report')).mode & 0o777, 0o600);
    assert.equal(existsSync(join(directory, 'instruction')), false);
    assert.deepEqual(await server.call('getJobLog', [job.id]), ['a model on a node']);
    await putFile(server, job.id, module, 'input.mjs');
    assert.equal(await callModel(job, 'read', ['input.mjs']), NODE_MODEL);
    await getFile(server, job.id, 'input.mjs', join(cluster.directory, 'output.mjs'));
    assert.equal(readFileSync(join(cluster.directory, 'output.mjs'), 'utf8'), NODE_MODEL);
    // A credential follows it, and its key is no word and no variable of the job.
    const follows = String(await callModel(job, 'variable', ['BEARER_TOKEN_FILE']));
    assert.equal(await callModel(job, 'read', [follows]), 'a.b.c\n');
    const shown = cluster.tool('scontrol', 'show', 'job', batchOf(facts));
    assert.equal(shown.includes(job.key.revealText()), false);
    await server.call('terminateJob', [job.id]);
    await isState(server, job.id, 'ended');
    assert.equal(schedulerSays(facts), 'CANCELLED');
    assert.equal(existsSync(join(directory, 'report')), false);
    assert.deepEqual(readdirSync(join(counters.directory, 'sandboxes')), []);
  });

  await t.test('who waits in the queue is told so, and takes the job out of it by giving up', async (sub) => {
    sub.after(() => queue('UP'));
    queue('DOWN');
    const giveUp = new AbortController();
    const asked = allocateNode(server, { signal: giveUp.signal });
    asked.catch(() => {});
    const facts = await waiting(server);
    const told = facts.queue as PyroDict;
    assert.deepEqual([told.position, told.state, told.native], [1, 'Pending', 'PD']);
    assert.equal(schedulerSays(facts), 'PENDING');
    giveUp.abort();
    await assert.rejects(asked, (error) => isLatchkeyError(error, 'pyro/cancelled'));
    await isState(server, String(facts.key), 'ended');
    assert.equal(schedulerSays(facts), 'CANCELLED');
    assert.equal((await live(server)).length, 0);
  });

  await t.test('a server that was killed has its running and its waiting jobs again', async (sub) => {
    sub.after(() => queue('UP'));
    const first = await start('Counter');
    const before = await first.connect();
    const running = await allocateNode(before);
    assert.equal(await callModel(running, 'add', [2]), 2);
    queue('DOWN');
    const ticket = String(await before.call('preAllocate', [null, 'jane']));
    const lost = allocateNode(before, { ticket });
    lost.catch(() => {});
    const { finder, options } = clientOf(sub, first);
    const patient = allocateApplicationWithModelServer<Counter>(finder, 'Models', options);
    patient.catch(() => {});
    const facts = await waiting(before);
    const id = String(facts.key);
    // Whoever asks with the ticket hears of the job.
    const told = (await before.call('getTicketStatus', [ticket])) as PyroDict;
    assert.deepEqual([told.jobID, told.position, told.state], [id, 1, 'queued']);
    first.process.kill('SIGKILL');
    await assert.rejects(lost);
    const second = await start('Counter', [], { directory: first.directory });
    const later = await second.connect();
    assert.equal(schedulerSays(facts), 'PENDING');
    const again = allocateNode(later, { ticket });
    await isState(later, id, 'queued');
    assert.equal(await callModel(running, 'add', [3]), 5);
    queue('UP');
    const job = await again;
    assert.equal(job.id, id);
    assert.equal(batchOf(await jobStatus(later, id)), batchOf(facts));
    assert.equal(await callModel(job, 'add', [1]), 1);
    // Our own client has heard nothing of all that.
    const model = await patient;
    assert.equal(await model.model.add(7), 7);
    await model.terminate();
    await later.call('terminateJob', [running.id, running.key.revealText()]);
    await later.call('terminateJob', [id]);
    await until(async () => (await live(later)).length === 0, 'both have ended');
  });

  await t.test(
    'a server that is stopped leaves its waiting jobs to the next one, when it is told so',
    async (sub) => {
      sub.after(() => queue('UP'));
      const first = await start('Counter');
      const before = await first.connect();
      queue('DOWN');
      const ticket = String(await before.call('preAllocate', [null, 'jane']));
      const lost = allocateNode(before, { ticket });
      lost.catch(() => {});
      const facts = await waiting(before);
      const gone = new Promise((resolve) => first.process.once('exit', resolve));
      const stopped = await latchkey(['models', 'stop', '--leave-jobs', '-D', first.directory]);
      assert.equal(stopped.code, 0, stopped.err);
      assert.equal(await gone, 0);
      assert.equal(schedulerSays(facts), 'PENDING');
      const second = await start('Counter', [], { directory: first.directory });
      queue('UP');
      const later = await second.connect();
      const job = await allocateNode(later, { ticket });
      assert.equal(job.id, facts.key);
      assert.equal(await callModel(job, 'add', [1]), 1);
      await later.call('terminateJob', [job.id]);
      await isState(later, job.id, 'ended');
    },
  );

  await t.test('time in the queue is no time of the start', async (sub) => {
    sub.after(() => queue('UP'));
    const config = join(cluster.directory, 'latchkey.toml');
    writeFileSync(
      config,
      `[models]\nclass = "${module}#Counter"\nhost = "slurm://localhost?queue=debug"\nstart_timeout = 8\n\n[models.job]\nwallTimeLimit = "5m"\ntotalPhysicalMemory = 500\n`,
    );
    const slow = await modelServerProcess(t, ['-c', config, '--only-these']);
    queue('DOWN');
    const { finder, options } = clientOf(sub, slow);
    const steps: AllocationProgress[] = [];
    const allocating = allocateApplicationWithModelServer<Counter>(finder, 'Models', {
      ...options,
      onWaiting: (progress) => steps.push(progress),
    });
    // Asked every two seconds: more than a start may take.
    await until(() => steps.filter(({ state }) => state === 'queued').length >= 5, 'it waits for long');
    queue('UP');
    const model = await allocating;
    assert.equal(await model.model.add(4), 4);
    assert.deepEqual([steps[0]?.position, steps[0]?.native], [1, 'PD']);
    await model.terminate();
  });

  await t.test('five at once where two have room: the others wait', async () => {
    // Of 8000 MB.
    const server = await (await start('Counter', ['--memory', '3000'])).connect();
    const asked = Array.from({ length: 5 }, () => allocateNode(server));
    await until(
      async () => (await live(server)).filter(({ state }) => state === 'running').length === 2,
      'two run',
    );
    await until(
      async () => (await live(server)).filter(({ state }) => state === 'queued').length === 3,
      'three wait',
    );
    const positions = (await live(server)).map(({ queue: told }) =>
      Number((told as PyroDict | null)?.position ?? 0),
    );
    assert.deepEqual(
      positions.filter((position) => position > 0),
      [1, 2, 3],
    );
    // Which of them the scheduler takes first is its own affair.
    const jobs = await Promise.all(
      asked.map(async (one) => {
        const job = await one;
        assert.equal(await callModel(job, 'add', [1]), 1);
        await server.call('terminateJob', [job.id]);
        return job.id;
      }),
    );
    assert.equal(new Set(jobs).size, 5);
    await until(async () => (await live(server)).length === 0, 'all have ended');
  });

  await t.test('a model that crashes as it starts is an error with its exit code and log', async () => {
    const broken = await (await start('Broken')).connect();
    await assert.rejects(
      allocateNode(broken),
      /never reported: it ended with exit code 3.*the mesh has no cells/,
    );
    assert.equal(Number(await broken.call('getNumberOfFreeJobs')), 8);
  });

  await t.test(
    'a model that says nothing is ended after the start time-out, and so is its batch job',
    async () => {
      const config = join(cluster.directory, 'silent.toml');
      writeFileSync(
        config,
        '[models]\ncommand = ["sleep", "300"]\nhost = "slurm://localhost"\nstart_timeout = 1.5\n',
      );
      const silent = await (await modelServerProcess(t, ['-c', config, '--only-these'])).connect();
      await assert.rejects(
        allocateNode(silent),
        /has not reported within 1\.5 s of running; its log is empty/,
      );
      assert.equal(cluster.tool('squeue', '-h', '-o', '%T').trim(), '');
    },
  );

  await t.test('what the scheduler refuses is said in its words', async () => {
    const none = await modelServerProcess(t, [
      ...['--host', 'slurm://localhost?queue=nope', '--only-these', '--class', `${module}#Counter`],
    ]);
    await assert.rejects(allocateNode(await none.connect()), /cannot be submitted.*invalid partition/i);
  });

  await t.test('a program in Python with Pyro4, by its key on every message', async (sub) => {
    if (!havePeers(sub, 'pyro4-ns')) return;
    const config = join(repositoryRoot, 'examples/models/slurm.toml');
    const python = await (await modelServerProcess(t, ['-c', config, '--only-these'])).connect();
    const job = await allocateNode(python);
    assert.equal(job.protection, 'hmac');
    assert.doesNotMatch(job.uri, /127\.|localhost|\/u:/);
    assert.equal(
      await callModel(job, 'getApplicationSignature'),
      'Bar, explicit finite differences, in Python',
    );
    const stranger = { ...job, key: counters.key };
    await assert.rejects(callModel(stranger, 'getApplicationSignature'));
    await python.call('terminateJob', [job.id]);
    await isState(python, job.id, 'ended');
  });

  await t.test(
    'a call that is under way when the node fails ends with the reason of the scheduler',
    async () => {
      const { finder, options } = clientOf(t, counters);
      const model = await allocateApplicationWithModelServer<Counter>(finder, 'Models', options);
      const pid = await model.model.pid();
      const call = Promise.resolve(model.model.wait(60));
      const failed = assert.rejects(call, (error) => {
        assert.ok(isLatchkeyError(error, 'remote/job-ended'), String(error));
        assert.match(error.message, /its node failed \(slurm says NF\)/);
        return true;
      });
      const node = cluster.tool('sinfo', '-h', '-o', '%n').trim();
      cluster.tool('scontrol', 'update', `NodeName=${node}`, 'State=DOWN', 'Reason=test');
      await failed;
      // What the scheduler believes to be gone.
      endStep(pid, cluster.directory);
      await model.terminate().catch(() => {});
    },
  );
});
