import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, runProgram } from '../../src/kit/index.ts';
import { standInServer, until } from '../support/model-servers.ts';
import { isAlive } from '../support/processes.ts';
import { endsWith } from '../support/workspace.ts';

test('a server that comes back has its jobs again, with their keys, slots and ends', async (t) => {
  const { server, client, again } = await standInServer(t, ['good'], { maxJobs: 1 });
  const before = await server.allocate(client(), { user: 'jane' });
  await server.close('leave');
  const later = await again();
  const job = later.job(before.id);
  assert.equal(job.entry.state, 'running');
  assert.deepEqual(job.process, before.process);
  assert.equal(job.entry.uri, before.entry.uri);
  assert.equal(later.freeJobs, 0);
  const jane = client();
  await assert.rejects(later.terminate(jane, job.id, undefined), (error) =>
    isLatchkeyError(error, 'remote/unauthorised'),
  );
  await later.terminate(jane, job.id, before.key);
  assert.equal(isAlive(before.process?.pid ?? 0), false);
  assert.equal(later.freeJobs, 1);
});

test('the end of a job that was adopted is seen', async (t) => {
  const { server, client, again } = await standInServer(t, ['dies-later', '1500']);
  const { id } = await server.allocate(client(), { user: 'jane' });
  await server.close('leave');
  const later = await again();
  assert.equal(later.job(id).entry.state, 'running');
  await until(() => later.job(id).entry.state === 'ended', 'its end is seen');
  assert.deepEqual(later.job(id).entry.ending?.code, null);
});

test('nobody came back for it: an adopted job has its grace, and then ends', async (t) => {
  const { server, client, again, directory } = await standInServer(t, ['good'], { leaseSeconds: 1 });
  const job = await server.allocate(client(), { user: 'jane' });
  await server.close('leave');
  const later = await again();
  await until(() => later.job(job.id).entry.state === 'ended', 'its lease runs out');
  assert.equal(later.job(job.id).entry.ending?.reason, 'lease');
  assert.equal(isAlive(job.process?.pid ?? 0), false);
  const saved = () => JSON.parse(readFileSync(join(directory, 'state.json'), 'utf8')).jobs.length;
  await until(() => saved() === 0, 'the state has it no more');
});

test('a server that wants no old jobs ends them, and all they started', async (t) => {
  const { server, client, again } = await standInServer(t, ['parent'], { stopSeconds: 0.2 });
  const job = await server.allocate(client(), { user: 'jane' });
  const children = readFileSync(join(job.workDirectory, 'children'), 'utf8').split(' ').map(Number);
  await server.close('leave');
  const later = await again({ onRestart: 'reap' });
  assert.equal(later.job(job.id).entry.ending?.reason, 'server');
  assert.deepEqual([job.process?.pid ?? 0, ...children].map(isAlive), [false, false, false]);
});

test('a process that has the number of a job, and is not it, is left alone', async (t) => {
  const { server, client, again, directory } = await standInServer(t, ['good']);
  const job = await server.allocate(client(), { user: 'jane' });
  await server.close('leave');
  // The number is now this very process's: with the mark of the job's, which is another.
  const path = join(directory, 'state.json');
  const state = JSON.parse(readFileSync(path, 'utf8'));
  const real = state.jobs[0].process;
  state.jobs[0].process = { pid: process.pid, mark: real.mark };
  writeFileSync(path, JSON.stringify(state));
  const later = await again();
  assert.equal(later.job(job.id).entry.state, 'ended');
  assert.equal(isAlive(process.pid), true);
  // The job itself carries its directory, and is found by that.
  assert.equal(isAlive(real.pid), false);
});

test('a group that has the number of a job’s, and no process of it, is left alone', async (t) => {
  const { server, client, again, directory } = await standInServer(t, ['good']);
  await server.allocate(client(), { user: 'jane' });
  await server.close('leave');
  // Its leader ends, and so nobody has the number itself any more: its group has.
  const shell = spawn('/bin/sh', ['-c', 'sleep 600 & echo $!'], {
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
  });
  const ended = once(shell, 'exit');
  const [said] = await once(shell.stdout, 'data');
  await ended;
  const stranger = Number(String(said));
  endsWith(t, directory, async () => process.kill(stranger, 'SIGKILL'));
  const path = join(directory, 'state.json');
  const state = JSON.parse(readFileSync(path, 'utf8'));
  state.jobs[0].process = { pid: shell.pid, mark: state.jobs[0].process.mark };
  writeFileSync(path, JSON.stringify(state));
  await again();
  assert.equal(isAlive(stranger), true);
});

test('what a job has left that is hard to remove does not keep its server from starting, and is removed', async (t) => {
  const { server, again, directory } = await standInServer(t, ['good']);
  await server.close();
  const left = join(directory, 'jobs', '7');
  mkdirSync(join(left, 'work', 'locked', 'within'), { recursive: true });
  writeFileSync(join(left, 'work', 'locked', 'file'), '');
  // Longer than a path may be.
  const dig =
    "process.chdir(process.argv[1]); for (let i = 0; i < 1500; i += 1) { fs.mkdirSync('deep'); process.chdir('deep'); }";
  assert.equal((await runProgram(process.execPath, ['-e', dig, join(left, 'work')])).code, 0);
  chmodSync(join(left, 'work', 'locked'), 0o500);
  await again();
  assert.equal(existsSync(left), false);
});

test('ids are never used again, after restarts either, and a job starts with nothing of another', async (t) => {
  const { server, client, again } = await standInServer(t, ['crash']);
  await assert.rejects(server.allocate(client(), { user: 'jane' }));
  await server.close();
  const second = await again({ model: { kind: 'program', command: ['/nonexistent'] } });
  await assert.rejects(second.allocate(client(), { user: 'jane' }), /^LatchkeyError: 2@Models/);
  await second.close();
  const third = await again();
  await assert.rejects(third.allocate(client(), { user: 'jane' }), /^LatchkeyError: 3@Models/);
});

test('a server does not start where jobs of another host are, and says so', async (t) => {
  const { server, client, again, directory } = await standInServer(t, ['good']);
  const job = await server.allocate(client(), { user: 'jane' });
  await server.close('leave');
  const path = join(directory, 'state.json');
  const state = JSON.parse(readFileSync(path, 'utf8'));
  const there = { id: '[slurm://localhost]-[4711]', directory: job.directory };
  const write = (change: object) =>
    writeFileSync(path, JSON.stringify({ ...state, jobs: [{ ...state.jobs[0], ...change }] }));
  write({ process: null, batch: there });
  await assert.rejects(
    again(),
    (error) =>
      isLatchkeyError(error, 'config/invalid') && /-\[4711\]" is a job of another host/.test(error.message),
  );
  assert.equal(isAlive(job.process?.pid ?? 0), true);
  write({});
  await (await again()).close();
});

test('a state that cannot be read is told, and not taken for none', async (t) => {
  const { server, again, directory } = await standInServer(t, ['good']);
  await server.close();
  writeFileSync(join(directory, 'state.json'), '{"version": 1, "jobs": [');
  await assert.rejects(
    again(),
    (error) => isLatchkeyError(error, 'file/unsafe') && /state\.json/.test(error.message),
  );
  assert.equal(existsSync(join(directory, 'state.json')), true);
});
