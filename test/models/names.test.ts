import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { RegistryServer } from '../../src/remote/index.ts';
import { freePort } from '../support/free-port.ts';
import { modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { endTree } from '../support/processes.ts';
import { endsWith, workspace } from '../support/workspace.ts';

const NAME = 'Mupif.JobManager@Example';
const KEY = 'a key of our own';

function tool(name: string, args: readonly string[], env: Record<string, string>) {
  return spawnSync(process.execPath, [latchkeyExecutable, 'tool', name, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 30_000,
  });
}

test("the server and its jobs are found in Pyro4's own name server, by jobManTest, jobManStatus and an old client; they leave it", async (t) => {
  if (!havePeers(t, 'pyro4-ns', 'pyro4-nsc')) return;
  const directory = workspace(t);
  const [nsport, port, jobPort] = [await freePort(), await freePort(), await freePort()];
  const words = ['-n', '127.0.0.1', '-p', String(nsport), '-k', KEY, '-x'];
  const marked = { ...process.env, LATCHKEY_TEST_MARK: directory };
  const ns = spawn(findProgram('pyro4-ns') ?? '', words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: marked,
  });
  endsWith(t, directory, () => endTree(ns.pid ?? 0, directory));
  await once(ns.stdout, 'data');
  const settings = join(directory, 'Config.py');
  writeFileSync(
    settings,
    `nshost = '127.0.0.1'\nnsport = ${nsport}\nhkey = '${KEY}'\nserver = '127.0.0.1'\nserverPort = ${port}
jobManName = '${NAME}'\nportsForJobs = (${jobPort}, ${jobPort})\nmaxJobs = 1\n`,
  );
  const model = join(directory, 'model.mjs');
  writeFileSync(model, 'export class Model { getApplicationSignature() { return "m"; } }');
  const server = await modelServerProcess(t, ['-c', settings, '--class', `${model}#Model`], {
    directory: join(directory, 'models'),
    key: new Secret(KEY),
  });
  const listed = () =>
    spawnSync('pyro4-nsc', ['-n', '127.0.0.1', '-p', String(nsport), '-k', KEY, 'list'], { encoding: 'utf8' })
      .stdout;
  await until(
    () => listed().includes(`${NAME} --> PYRO:models@127.0.0.1:${port}`),
    'the server is registered',
  );
  const where = ['-j', NAME, '-n', '127.0.0.1', '-r', String(nsport)];
  const tried = tool('jobManTest', [...where, '-d'], { MUPIF_HKEY: KEY });
  assert.match(
    tried.stdout,
    /^Test OK: 1@Mupif\.JobManager@Example\nTime consumed [\d.]+ s\n$/,
    tried.stderr,
  );
  assert.match(tried.stderr, /it answers, and has getApplicationSignature/);
  await until(() => !listed().includes('1@Mupif'), 'the job has left the name server');
  const client = await server.connect();
  const [code, id] = (await client.call('allocateJob', ['jane@laptop', 6000])) as readonly unknown[];
  assert.deepEqual([code, id], [1, `2@${NAME}`]);
  assert.match(listed(), new RegExp(`2@${NAME} --> PYRO:model@127\\.0\\.0\\.1:${jobPort}`));
  const status = tool('jobManStatus', [...where, '-k', KEY], {});
  assert.match(
    status.stdout,
    /1 of 1 job, 0 free\n[\s\S]*\n2@Mupif\.JobManager@Example +running +jane@laptop/,
  );
  assert.match(status.stderr, /MUPIF_HKEY/);
  const ended = once(server.process, 'exit');
  server.process.kill('SIGTERM');
  await ended;
  assert.equal(listed().includes('Mupif'), false);
});

test('a registry that is not there holds up no job; when it comes, the server is in it', async (t) => {
  const directory = workspace(t);
  const nsport = await freePort();
  const toml = join(directory, 'latchkey.toml');
  writeFileSync(
    toml,
    `[models]\nname = "M"\nregistry = "127.0.0.1:${nsport}"\nlisten = "127.0.0.1:0"\nkey_file = "k"\n`,
  );
  writeFileSync(join(directory, 'k'), `${KEY}\n`);
  const model = join(directory, 'model.mjs');
  writeFileSync(model, 'export class Model { a() {} }');
  const server = await modelServerProcess(t, ['-c', toml, '--class', `${model}#Model`], {
    directory: join(directory, 'models'),
    key: new Secret(KEY),
  });
  const client = await server.connect();
  await client.call('allocate', ['jane']);
  await client.call('terminateJob', ['1@M']);
  await until(
    () => /not registered: |the registry: /.test(server.said()),
    'it says that the registry is not there',
  );
  const registry = await RegistryServer.listen({
    address: { host: '127.0.0.1', port: nsport },
    hmacKey: new Secret(KEY),
  });
  t.after(() => registry.close());
  await until(() => registry.size === 1, 'the server is registered');
});

test('a registry that hangs holds up neither the end of a job nor the next one', async (t) => {
  const directory = workspace(t);
  const ns = spawn(process.execPath, [latchkeyExecutable, 'ns', 'run', '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LATCHKEY_TEST_MARK: directory, HOME: directory },
  });
  endsWith(t, directory, () => endTree(ns.pid ?? 0, directory));
  let heard = '';
  ns.stderr.setEncoding('utf8').on('data', (chunk) => {
    heard += chunk;
  });
  await until(() => /listens on \S+,/.test(heard), 'the registry listens');
  const [, address = ''] = /listens on (\S+),/.exec(heard) ?? [];
  const model = join(directory, 'model.mjs');
  writeFileSync(model, 'export class Model { a() {} }');
  const words = ['--ns', address, '--name', 'M', '--max-jobs', '1', '--class', `${model}#Model`];
  const server = await modelServerProcess(t, words, { directory: join(directory, 'models') });
  const client = await server.connect();
  await client.call('allocate', ['jane']);
  ns.kill('SIGSTOP');
  await client.call('terminateJob', ['1@M']);
  await client.call('allocate', ['jane']);
  await client.call('terminateJob', ['2@M']);
  assert.equal(await client.call('getNumberOfFreeJobs'), 1);
  ns.kill('SIGCONT');
});
