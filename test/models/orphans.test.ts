// Jobs whose server was killed: they wait for their client and the next server, and not for ever.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Secret } from '../../src/kit/index.ts';
import { connectObject, isPyroDict } from '../../src/pyro/index.ts';
import { processesOf } from '../support/coupled-run.ts';
import { modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { havePeers } from '../support/peers.ts';
import { isAlive } from '../support/processes.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

const CLASS = 'a class';
const PROGRAM = 'a program with Pyro4';

function modelWords(kind: string, home: string): readonly string[] {
  if (kind === PROGRAM) return ['--', '/usr/bin/python3', join(repositoryRoot, 'examples/models/bar.py')];
  writeFileSync(join(home, 'model.mjs'), 'export class Model { ping() { return 1; } }');
  return ['--class', `${join(home, 'model.mjs')}#Model`];
}

function wardensOf(directory: string): readonly number[] {
  return processesOf(directory, ['latchkey-warden']);
}

/** A server with a job, and a client of the job. */
async function serverWithJob(t: TestContext, kind: string, grace: number) {
  const home = workspace(t);
  const config = join(home, 'latchkey.toml');
  writeFileSync(config, `[models]\norphan_grace = ${grace}\nstop_timeout = 1\n`);
  const directory = join(home, 'm');
  const start = () => modelServerProcess(t, ['-c', config, ...modelWords(kind, home)], { directory });
  const server = await start();
  const client = await server.connect();
  const answer = await client.call('allocate', ['jane', null]);
  assert.ok(isPyroDict(answer));
  const { uri, key: text, protection } = answer as Record<string, string>;
  const key = new Secret(text ?? '');
  const job = await connectObject(uri ?? '', protection === 'hmac' ? { hmacKey: key } : { token: key });
  const { jobs } = JSON.parse(readFileSync(join(directory, 'state.json'), 'utf8'));
  const pid = jobs[0].process.pid as number;
  t.after(() => isAlive(pid) && process.kill(pid, 'SIGKILL'));
  return {
    server,
    job,
    pid,
    start,
    directory,
    log: () => readFileSync(join(directory, 'jobs/1/job.log'), 'utf8'),
  };
}

for (const kind of [CLASS, PROGRAM]) {
  test(`${kind}: it lives as long as its client, and ends when that is gone, too`, async (t) => {
    if (kind === PROGRAM && !havePeers(t, 'pyro4-ns')) return;
    const { server, job, pid, log } = await serverWithJob(t, kind, 1);
    server.process.kill('SIGKILL');
    await delay(3000);
    assert.equal(isAlive(pid), true, 'its client is there');
    await job.close();
    await until(() => !isAlive(pid), 'the job has ended');
    assert.match(
      log(),
      /latchkey: 1@\S+ is ended: its model server is gone, and no client was connected for 1 s/,
    );
  });
}

test('a server that comes back within the grace has it again', async (t) => {
  const { server, job, pid, start } = await serverWithJob(t, CLASS, 3);
  await job.close();
  server.process.kill('SIGKILL');
  const again = await start();
  assert.match(again.said(), /job-adopted/);
  await delay(4500);
  assert.equal(isAlive(pid), true);
  again.process.kill('SIGKILL');
  await until(() => !isAlive(pid), 'the next warden has ended it');
});

test('a server that is asked to end leaves nobody behind', async (t) => {
  const { server, job, directory, pid } = await serverWithJob(t, CLASS, 60);
  const wardens = () => wardensOf(directory);
  assert.equal(wardens().length, 1);
  await job.close();
  server.process.kill('SIGTERM');
  await until(() => !isAlive(pid) && wardens().length === 0, 'job and warden are gone');
});
