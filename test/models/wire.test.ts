import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { Secret } from '../../src/kit/index.ts';
import { connectObject, type PyroDict, RemoteError } from '../../src/pyro/index.ts';
import { modelAccess } from '../../src/remote/index.ts';
import { freePort } from '../support/free-port.ts';
import { latchkey, modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { havePeers } from '../support/peers.ts';
import { isAlive } from '../support/processes.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

/** Ten steps of 0.2 s: 100 °C by the chance that a walker from the middle (0.2 left, 0.2 right a step) is at the left end within nine. */
const MIDDLE = 0.93184;

async function compiledBar(directory: string): Promise<string> {
  const outfile = join(directory, 'bar.mjs');
  await build({
    entryPoints: [join(repositoryRoot, 'examples/models/bar.ts')],
    outfile,
    format: 'esm',
    logLevel: 'error',
  });
  return outfile;
}

async function talkTo(job: PyroDict): Promise<{ readonly middle: number; readonly signature: unknown }> {
  const protection = job.protection === 'token' ? 'token' : 'hmac';
  const model = await connectObject(String(job.uri), modelAccess(protection, new Secret(String(job.key))));
  const middle = Number(await model.call('solveStep', [0.2, 10]));
  const signature = await model.call('getApplicationSignature');
  await model.close();
  return { middle, signature };
}

test('a TypeScript class is a model: allocated, called, logged, ended', async (t) => {
  const directory = workspace(t);
  const server = await modelServerProcess(t, ['--class', `${await compiledBar(directory)}#Bar`]);
  const client = await server.connect();
  const job = (await client.call('allocate', ['jane@laptop'])) as PyroDict;
  const { middle, signature } = await talkTo(job);
  assert.equal(middle.toFixed(5), MIDDLE.toFixed(5));
  assert.equal(signature, 'Bar, explicit finite differences');
  const id = String(job.jobID);
  const [[key, , user, port]] = (await client.call('getStatus')) as [[string, number, string, number]];
  assert.deepEqual([key, user, port], [id, 'jane@laptop', 0]);
  assert.deepEqual(await client.call('getJobLog', [id]), ['10 steps of 0.2 s']);
  assert.equal(await client.call('getJobWorkDir', [id]), '.');
  assert.equal(await client.call('getNumberOfFreeJobs'), 3);
  await client.call('terminateJob', [id]);
  const status = (await client.call('getJobStatus', [id])) as PyroDict;
  assert.deepEqual([status.state, (status.ending as PyroDict).reason], ['ended', 'terminated']);
  assert.deepEqual(await client.call('getStatus'), []);
});

test('a job ends when its client tells it to terminate, and the server knows', async (t) => {
  const server = await modelServerProcess(t, ['--class', `${await compiledBar(workspace(t))}#Bar`]);
  const client = await server.connect();
  const job = (await client.call('allocate', ['jane'])) as PyroDict;
  const access = modelAccess('token', new Secret(String(job.key)));
  const model = await connectObject(String(job.uri), access);
  await model.call('terminate');
  await model.close();
  await until(
    async () => ((await client.call('getJobStatus', [String(job.jobID)])) as PyroDict).state === 'ended',
    'its end',
  );
  const status = (await client.call('getJobStatus', [String(job.jobID)])) as PyroDict;
  assert.deepEqual([(status.ending as PyroDict).reason, (status.ending as PyroDict).exitCode], ['exited', 0]);
});

test('who does not know the key of a job is refused by it, and another connection may not end it', async (t) => {
  const server = await modelServerProcess(t, ['--class', `${await compiledBar(workspace(t))}#Bar`]);
  const [jane, joe] = [await server.connect(), await server.connect()];
  const job = (await jane.call('allocate', ['jane'])) as PyroDict;
  await assert.rejects(connectObject(String(job.uri), { token: server.key }));
  await assert.rejects(connectObject(String(job.uri)));
  await assert.rejects(
    joe.call('terminateJob', [String(job.jobID)]),
    (error) => error instanceof RemoteError && error.shortType === 'PermissionError',
  );
  await assert.rejects(joe.call('terminate', [true]), /only the operator/);
  await joe.call('terminateJob', [String(job.jobID), String(job.key)]);
});

test('a class that is not there is one clear error', async (t) => {
  const bar = await compiledBar(workspace(t));
  const server = await modelServerProcess(t, ['--class', `${bar}#Rod`]);
  const client = await server.connect();
  await assert.rejects(client.call('allocate', ['jane']), (error) => {
    assert.ok(error instanceof RemoteError);
    assert.equal(error.shortType, 'ChildProcessError');
    assert.match(String(error.args[0]), /exports no class \\"Rod\\"/);
    assert.equal(error.attributes.name, 'JobManStartFailedException');
    return true;
  });
});

test('commands: status, test, logs, drain and stop', async (t) => {
  const server = await modelServerProcess(t, [
    '--class',
    `${await compiledBar(workspace(t))}#Bar`,
    '--name',
    'Bars',
  ]);
  const here = ['-D', server.directory];
  const client = await server.connect();
  const job = (await client.call('allocate', ['jane'])) as PyroDict;
  await talkTo(job);
  const status = await latchkey(['models', 'status', ...here]);
  assert.match(
    status.out,
    /^Bars: 1 of 4 jobs, 3 free\n\nJOB +STATE +USER +TIME +PORT +END\n1@Bars +running +jane/,
  );
  const json = await latchkey(['models', 'status', ...here, '--json']);
  assert.equal(JSON.parse(json.out).currJobs[0].key, '1@Bars');
  const tried = await latchkey(['models', 'test', '-d', ...here]);
  const keyless = await latchkey([
    'models',
    'status',
    '--uri',
    `PYRO:models@./u:${join(server.directory, 'server')}`,
  ]);
  assert.match(
    keyless.err,
    /is not the key of this server.*\n +hint: .* file "key" in its directory \(--key-file/,
  );
  assert.match(tried.out, /^Test OK: 2@Bars in [\d.]+ s$/m);
  assert.match(tried.err, /it answers, and has .*solveStep.*\n.*2@Bars has ended/);
  for (const id of ['1@Bars', '1'])
    assert.equal((await latchkey(['models', 'logs', ...here, id])).out, '10 steps of 0.2 s\n');
  assert.match(
    (await latchkey(['models', 'logs', ...here, '7'])).err,
    /has no job "7@Bars"\n +hint: ids are like 1@Bars/,
  );
  const refused = await latchkey(['models', 'stop', ...here]);
  assert.deepEqual([refused.code, /has 1 job running/.test(refused.err)], [1, true]);
  assert.match((await latchkey(['models', 'drain', '--no-wait', ...here])).out, /takes no more jobs; 1 runs/);
  await assert.rejects(client.call('allocate', ['jane']), /takes no more jobs/);
  const following = latchkey(['models', 'logs', '-f', ...here, '1@Bars']);
  assert.equal((await latchkey(['models', 'stop', ...here, '1'])).out, '1@Bars has ended\n');
  assert.equal((await following).out, '10 steps of 0.2 s\n');
  assert.equal((await latchkey(['models', 'stop', ...here])).code, 0);
  await until(() => server.process.exitCode !== null, 'the server has ended');
  assert.equal(server.process.exitCode, 0);
  const gone = await latchkey(['models', 'status', ...here]);
  assert.deepEqual([gone.code, /no model server runs/.test(gone.err)], [5, true]);
});

test('a program is found where the server was started, though jobs run elsewhere; how one fails is told with a remedy', async (t) => {
  const directory = workspace(t);
  writeFileSync(join(directory, 'job.sh'), 'echo one >&2; echo two >&2; exit 4');
  const server = await modelServerProcess(t, ['--', 'sh', 'job.sh'], { cwd: directory });
  assert.match(
    server.said(),
    new RegExp(`^! "job.sh" is ${directory}/job.sh: a job runs in a directory`, 'm'),
  );
  const tried = await latchkey(['models', 'test', '-D', server.directory]);
  const id = `1@${await (await server.connect()).call('getNSName')}`;
  assert.deepEqual(tried.err.split('\n'), [
    `latchkey: ChildProcessError: ${id} ended with exit code 4 before it reported; the last line of its log: "two"`,
    `  hint: "latchkey models logs ${id}" shows all that it said`,
    '',
  ]);
});

test('a file that no class can be loaded from is told at the start', async (t) => {
  const directory = workspace(t);
  writeFileSync(join(directory, 'bar.ts'), 'export class Bar {}');
  const run = (file: string) =>
    latchkey(['models', 'run', '-D', directory, '--class', `${directory}/${file}#Bar`]);
  assert.match((await run('bar.mjs')).err, /no file ".*bar.mjs" to load the class from/);
  if (!(process.features as { typescript?: unknown }).typescript)
    assert.match((await run('bar.ts')).err, /cannot load .*\n +hint: compile it/);
});

test('a second server on the same directory is refused; one that was killed has its jobs found by the next', async (t) => {
  const bar = await compiledBar(workspace(t));
  const first = await modelServerProcess(t, ['--class', `${bar}#Bar`]);
  const client = await first.connect();
  const job = (await client.call('allocate', ['jane'])) as PyroDict;
  const second = await latchkey(['models', 'run', '-D', first.directory, '--class', `${bar}#Bar`]);
  assert.deepEqual([second.code, /has this directory already/.test(second.err)], [1, true]);
  const ended = once(first.process, 'exit');
  first.process.kill('SIGKILL');
  await ended;
  const later = await modelServerProcess(t, ['--class', `${bar}#Bar`], { directory: first.directory });
  const again = await later.connect();
  const status = (await again.call('attach', [String(job.jobID), String(job.key)])) as PyroDict;
  assert.deepEqual([status.state, status.uri], ['running', job.uri]);
  await talkTo(job);
  await again.call('terminateJob', [String(job.jobID)]);
});

test('a Python program with Pyro4 is a model, on a socket of its own', async (t) => {
  if (!havePeers(t, 'pyro4-ns')) return;
  const program = ['/usr/bin/python3', join(repositoryRoot, 'examples/models/bar.py')];
  const server = await modelServerProcess(t, ['--', ...program]);
  const client = await server.connect();
  const job = (await client.call('allocate', ['jane'])) as PyroDict;
  assert.equal((await talkTo(job)).middle.toFixed(5), MIDDLE.toFixed(5));
  assert.match(String((await talkTo(job)).signature), /in Python/);
  await client.call('terminateJob', [String(job.jobID)]);
});

test('an unchanged Pyro4 client of a job manager: settings under the old names, its key, its calls, its exceptions', async (t) => {
  if (!havePeers(t, 'pyro4-ns')) return;
  const directory = workspace(t);
  const [port, jobPort] = [await freePort(), await freePort()];
  const settings = join(directory, 'Config.py');
  writeFileSync(
    settings,
    `import Pyro4
hkey = 'a key of our own'
server = '192.0.2.1'
serverPort = ${port}
jobManName = 'Mupif.JobManager@Example'
appName = 'MuPIFServer'
portsForJobs = (${jobPort}, ${jobPort})
maxJobs = 1
jobManWorkDir = '${directory}/work'
socketApps = 10000
`,
  );
  const program = ['--', '/usr/bin/python3', join(repositoryRoot, 'examples/models/bar.py')];
  const server = await modelServerProcess(t, ['-c', settings, '-m', '0', ...program], {
    directory: join(directory, 'models'),
    key: new Secret('a key of our own'),
  });
  assert.match(server.said(), /socketApps is not needed/);
  assert.equal(server.uri, `PYRO:models@127.0.0.1:${port}`);
  const script = `
import Pyro4, sys
Pyro4.config.SERIALIZER = 'serpent'
jobman = Pyro4.Proxy('PYRO:models@127.0.0.1:${port}')
jobman._pyroHmacKey = b'a key of our own'
print(jobman.getApplicationSignature(), jobman.getNSName())
code, jobID, jobPort = jobman.allocateJob('jane@laptop', 6000)
print(code, jobID, jobPort == ${jobPort})
app = Pyro4.Proxy('PYRO:bar@127.0.0.1:%d' % jobPort)
app._pyroHmacKey = b'a key of our own'
print(app.getApplicationSignature(), round(app.solveStep(0.2, 10), 5))
try:
    jobman.allocateJob('jane@laptop', 6001)
except BlockingIOError as error:
    print(type(error).__name__, error.code, error.name)
print([status[0] for status in jobman.getStatus()])
print(list(jobman.followJobLog(jobID, 0).__class__.__name__ for _ in range(1)))
jobman.terminateJob(jobID)
jobman.terminateJob(jobID)
print(jobman.getStatus(), jobman.preAllocate() is not None, jobman.preAllocate())
try:
    jobman.terminateJob('9@nobody')
except LookupError as error:
    print(error.code)
`;
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-c', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(status, 0, stderr);
  assert.equal(
    stdout,
    `MuPIFServer Mupif.JobManager@Example
1 1@Mupif.JobManager@Example True
Bar, explicit finite differences, in Python 0.93184
BlockingIOError remote/full JobManNoResourcesException
['1@Mupif.JobManager@Example']
['_StreamResultIterator']
[] True None
remote/unknown-job
`,
  );
});

test('a server ends its jobs when it is told to end', async (t) => {
  const server = await modelServerProcess(t, ['--class', `${await compiledBar(workspace(t))}#Bar`]);
  const client = await server.connect();
  await client.call('allocate', ['jane']);
  const state = JSON.parse(readFileSync(join(server.directory, 'state.json'), 'utf8'));
  const { pid } = state.jobs[0].process;
  assert.equal(isAlive(pid), true);
  const ended = once(server.process, 'exit');
  server.process.kill('SIGTERM');
  assert.equal((await ended)[0], 0);
  assert.equal(isAlive(pid), false);
  assert.equal(existsSync(join(server.directory, 'control')), false);
});

test('a server whose state cannot be written ends when it is told to, and says why', async (t) => {
  const server = await modelServerProcess(t, ['--class', `${await compiledBar(workspace(t))}#Bar`]);
  const state = join(server.directory, 'state.json');
  rmSync(state, { force: true });
  mkdirSync(state);
  const ended = once(server.process, 'exit');
  server.process.kill('SIGTERM');
  assert.notEqual((await ended)[0], 0);
  assert.equal(existsSync(join(server.directory, 'control')), false);
});
