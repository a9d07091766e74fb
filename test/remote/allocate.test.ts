// A model server behind an sshd, and applications that it starts for a steering script here.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { connectObject, type PyroDict, type RemoteObject } from '../../src/pyro/index.ts';
import {
  allocateApplicationWithModelServer,
  Links,
  MODEL_SERVER_CONTROL,
  type OpenOptions,
  type Place,
} from '../../src/remote/index.ts';
import { openSsh, type SshConnection } from '../../src/ssh/index.ts';
import { modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { havePeers } from '../support/peers.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { startSshd } from '../support/sshd.ts';
import { endsWith } from '../support/workspace.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];

interface Model {
  initialize(file: string, workdir: string): string;
}

const MODEL = `
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
// Slow to start where the test says so.
while (existsSync(process.env.HOLD)) await new Promise((resolve) => setTimeout(resolve, 20));
export class Model { initialize(file, workdir) { return readFileSync(join(workdir, file), 'utf8'); } }
`;

/** Links that have had enough after some number of ways. */
class FailingLinks extends Links {
  waysLeft = Number.POSITIVE_INFINITY;

  override async open(place: Place, options?: OpenOptions) {
    this.waysLeft -= 1;
    if (this.waysLeft < 0) throw new Error('no way to the job');
    return await super.open(place, options);
  }
}

async function ground(t: TestContext) {
  const sshd = await startSshd(t);
  const file = join(sshd.directory, 'model.mjs');
  const hold = join(sshd.directory, 'hold');
  const toml = join(sshd.directory, 'latchkey.toml');
  writeFileSync(file, MODEL);
  writeFileSync(
    toml,
    `[models]\nname = "M"\nclass = "${file}#Model"\nmax_jobs = 1\n[models.environment]\nHOLD = "${hold}"\n`,
  );
  const server = await modelServerProcess(t, ['-c', toml], { directory: join(sshd.directory, 'models') });
  let connection: Promise<SshConnection> | undefined;
  const links = new FailingLinks({
    connect: () => {
      connection ??= openSsh(sshOptions(sshd));
      return connection;
    },
  });
  endsWith(t, sshd.directory, async () => {
    await links.close();
    await (await connection)?.close();
  });
  const { object, socket } = MODEL_SERVER_CONTROL;
  const operator = await connectObject(`PYRO:${object}@./u:${join(server.directory, socket)}`);
  endsWith(t, sshd.directory, () => operator.close());
  const finder = { lookup: async () => ({ uri: server.uri }) };
  const allocate = (signal?: AbortSignal) =>
    allocateApplicationWithModelServer<Model>(finder, 'M', {
      ...{ links, key: server.key, machine: 'thermal' },
      ...(signal === undefined ? {} : { signal }),
    });
  return { directory: sshd.directory, hold, links, operator, allocate, server };
}

const live = async (operator: RemoteObject) =>
  Number(((await operator.call('getStatusExtended')) as PyroDict).totalJobs);

test("an application's files are put where it runs, which its client needs no path of the server for; terminated, nothing is left", async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { directory, links, operator, allocate } = await ground(t);
  const model = await allocate();
  const workdir = String(await operator.call('getJobWorkDir', [model.jobId]));
  assert.equal(workdir.includes(directory), false);
  writeFileSync(join(directory, 'inputT.in'), '5 1');
  await model.putFile(join(directory, 'inputT.in'), `${workdir}/input.in`);
  assert.equal(await model.model.initialize('input.in', workdir), '5 1');
  assert.equal(await live(operator), 1);
  await model.terminate();
  await model.terminate();
  assert.equal(await live(operator), 0);
  assert.deepEqual(links.list, []);
});

test('an allocation that fails after the job was started leaves no job, no slot taken and no link', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { links, operator, allocate } = await ground(t);
  links.waysLeft = 1;
  await assert.rejects(allocate(), /no way to the job/);
  assert.equal(await live(operator), 0);
  assert.deepEqual(links.list, []);
  links.waysLeft = Number.POSITIVE_INFINITY;
  await using model = await allocate();
  assert.equal(model.jobId, '2@M');
});

test('an allocation that is given up while the job starts leaves none either', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { hold, links, operator, allocate } = await ground(t);
  writeFileSync(hold, '');
  const giving = new AbortController();
  const allocating = allocate(giving.signal);
  const rejected = assert.rejects(allocating);
  await until(async () => (await live(operator)) === 1, 'the job starts');
  giving.abort();
  await rejected;
  await until(async () => (await live(operator)) === 0, 'the job is ended, long before its lease');
  assert.deepEqual(links.list, []);
});

test('a server that is full says so, in time and by its name, and is left as it was', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { links, operator, allocate } = await ground(t);
  await using model = await allocate();
  const before = links.list.length;
  await assert.rejects(allocate(), (error) => {
    assert.ok(isLatchkeyError(error, 'pyro/remote'));
    assert.match(error.message, /the one job of M is taken/);
    return true;
  });
  assert.equal(links.list.length, before);
  assert.equal(await live(operator), 1);
  assert.equal(model.jobId, '1@M');
});
