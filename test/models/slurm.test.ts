import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { connectObject, type PyroDict, type RemoteObject } from '../../src/pyro/index.ts';
import { modelAccess } from '../../src/remote/index.ts';
import { modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS, type SlurmCluster, startSlurm } from '../support/slurm.ts';
import { workspace } from '../support/workspace.ts';

/** A model that prints, counts, and can end as a program that fails does. */
const MODEL = `
console.log('a model on a node');
export class Counter {
  #count = 0;
  add(n) { this.#count += n; return this.#count; }
  fail() { console.log('diverged'); setImmediate(() => process.exit(7)); return 0; }
}
export class Broken {
  constructor() { console.log('the mesh has no cells'); process.exit(3); }
}
`;

/** What a client knows of a job. */
interface Allocated {
  readonly id: string;
  readonly uri: string;
  readonly key: Secret;
  readonly protection: 'token' | 'hmac';
}

async function allocate(server: RemoteObject, ticket?: string, signal?: AbortSignal): Promise<Allocated> {
  const answer = (await server.call('allocate', ['jane', ticket ?? null], {
    timeoutMs: 120_000,
    ...(signal === undefined ? {} : { signal }),
  })) as PyroDict;
  return {
    id: String(answer.jobID),
    uri: String(answer.uri),
    key: new Secret(String(answer.key)),
    protection: answer.protection as 'token' | 'hmac',
  };
}

function connectModel(job: Allocated): Promise<RemoteObject> {
  return connectObject(job.uri, modelAccess(job.protection, job.key));
}

async function add(job: Allocated, n: number): Promise<unknown> {
  const model = await connectModel(job);
  try {
    return await model.call('add', [n]);
  } finally {
    await model.close();
  }
}

async function factsOf(server: RemoteObject, id: string): Promise<PyroDict> {
  return (await server.call('getJobStatus', [id])) as PyroDict;
}

async function state(server: RemoteObject, id: string): Promise<unknown> {
  return (await factsOf(server, id)).state;
}

const serverOn = (t: TestContext, cluster: SlurmCluster, model: string, more: readonly string[] = []) =>
  modelServerProcess(t, [
    ...['--host', 'slurm://localhost/?queue=debug', '--name', 'Models', '--max-jobs', '8', '--only-these'],
    ...['--class', `${join(cluster.directory, 'model.mjs')}#${model}`, ...more],
  ]);

test('models on a node of Slurm', async (t) => {
  if (!havePeers(t, ...SLURM_PROGRAMS)) return;
  const cluster = await startSlurm(t);
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  writeFileSync(join(cluster.directory, 'model.mjs'), MODEL);
  const native = (facts: PyroDict) => /\]-\[(\d+)\]/.exec(String(facts.batch))?.[1] ?? '';
  const known = (id: string) => cluster.tool('squeue', '-h', '-t', 'all', '-o', '%T', `--jobs=${id}`).trim();

  await t.test('allocated, called, terminated', async () => {
    const { connect } = await serverOn(t, cluster, 'Counter');
    const server = await connect();
    const job = await allocate(server);
    assert.equal(await add(job, 2), 2);
    assert.equal(await add(job, 3), 5);
    const facts = await factsOf(server, job.id);
    assert.equal(known(native(facts)), 'RUNNING');
    assert.match(String(((await server.call('getJobLog', [job.id])) as string[])[0]), /a model on a node/);
    await server.call('terminateJob', [job.id]);
    await until(async () => (await state(server, job.id)) === 'ended', 'its end is seen');
    assert.equal(known(native(facts)), 'CANCELLED');
    assert.deepEqual(readFileSync(join(cluster.directory, 'model.mjs'), 'utf8'), MODEL);
  });
});
