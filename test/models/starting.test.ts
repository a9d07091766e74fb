import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { freePort } from '../support/free-port.ts';
import { standInServer, until } from '../support/model-servers.ts';
import { isAlive } from '../support/processes.ts';

const failsWith = (code: string, words: RegExp) => (error: unknown) =>
  isLatchkeyError(error, code as never) && words.test(error.message);

test('a job has a fresh private directory, its own log, its own group, and a key that is in no environment', async (t) => {
  const { server, client, directory } = await standInServer(t, ['good']);
  const job = await server.allocate(client(), { user: 'jane@laptop' });
  assert.equal(job.id, '1@Models');
  assert.equal(job.entry.state, 'running');
  assert.equal(job.directory, join(directory, 'jobs', '1'));
  for (const path of [job.directory, job.workDirectory]) assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(statSync(job.logFile).mode & 0o777, 0o600);
  assert.equal(readFileSync(job.logFile, 'utf8'), '1@Models is good\n');
  const { pid = 0 } = job.process ?? {};
  assert.equal(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[2], String(pid));
  for (const file of ['environ', 'cmdline'])
    assert.equal(readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(job.key.revealText()), false);
});

test('a child that crashes before it reports is an error with its exit code and log, at once; the slot is free', async (t) => {
  const { server, client } = await standInServer(t, ['crash'], { maxJobs: 1, startSeconds: 600 });
  await assert.rejects(server.allocate(client(), { user: 'jane' }), (error) => {
    assert.ok(isLatchkeyError(error, 'remote/start-failed'));
    assert.match(
      error.message,
      /^1@Models ended with exit code 3 before it reported; the last line of its log: "[^\n]*the mesh has no cells"$/,
    );
    assert.equal(error.details.exitCode, 3);
    return true;
  });
  assert.equal(server.freeJobs, 1);
  await assert.rejects(
    server.allocate(client(), { user: 'jane' }),
    failsWith('remote/start-failed', /^2@Models/),
  );
});

test('a child that is killed before it reports is told by its signal', async (t) => {
  const { server, client } = await standInServer(t, ['killed']);
  await assert.rejects(
    server.allocate(client(), { user: 'jane' }),
    failsWith('remote/start-failed', /SIGSEGV/),
  );
});

test('a child that says nothing is ended after the start time-out, and the server goes on', async (t) => {
  const { server, client } = await standInServer(t, ['silent'], { startSeconds: 0.5, maxJobs: 1 });
  await assert.rejects(
    server.allocate(client(), { user: 'jane' }),
    failsWith('remote/timed-out', /within 0\.5 s/),
  );
  const [job] = server.jobs;
  assert.equal(isAlive(job?.process?.pid ?? 0), false);
  assert.equal(server.freeJobs, 1);
});

test('a child that closes the descriptor and lives on is ended', async (t) => {
  const { server, client } = await standInServer(t, ['closes']);
  await assert.rejects(
    server.allocate(client(), { user: 'jane' }),
    failsWith('remote/start-failed', /closed the descriptor/),
  );
  assert.equal(isAlive(server.jobs[0]?.process?.pid ?? 0), false);
});

test('a forged report starts nothing', async (t) => {
  const { server, client } = await standInServer(t, ['forges']);
  await assert.rejects(
    server.allocate(client(), { user: 'jane' }),
    failsWith('remote/start-failed', /without the token/),
  );
  assert.equal(isAlive(server.jobs[0]?.process?.pid ?? 0), false);
});

test("a job's own reason for not starting arrives", async (t) => {
  const { server, client } = await standInServer(t, ['says-no']);
  await assert.rejects(
    server.allocate(client(), { user: 'jane' }),
    failsWith('remote/start-failed', /no licence is free/),
  );
});

test('a program that is not there is an error, and not the end of the server', async (t) => {
  const { server, client } = await standInServer(
    t,
    [],
    { maxJobs: 1 },
    {
      model: { kind: 'program', command: ['/nonexistent/model'] },
    },
  );
  for (let n = 0; n < 2; n += 1)
    await assert.rejects(
      server.allocate(client(), { user: 'jane' }),
      failsWith('remote/start-failed', /cannot be started.*ENOENT/),
    );
  assert.equal(server.freeJobs, 1);
});

test('a directory that cannot be made is an error, holds nothing locked, and takes no slot', async (t) => {
  const { server, client, directory } = await standInServer(t, ['good'], { maxJobs: 1 });
  writeFileSync(join(directory, 'jobs'), 'in the way');
  for (let n = 0; n < 2; n += 1)
    await assert.rejects(
      server.allocate(client(), { user: 'jane' }),
      (error) => isLatchkeyError(error, 'file/unsafe') || isLatchkeyError(error, 'file/io'),
    );
  assert.equal(server.freeJobs, 1);
  rmSync(join(directory, 'jobs'));
  assert.equal((await server.allocate(client(), { user: 'jane' })).id, '3@Models');
});

test('a directory that is there already, from whomever, is not used', async (t) => {
  const { server, client, directory } = await standInServer(t, ['good'], { maxJobs: 1 });
  mkdirSync(join(directory, 'jobs', '1'), { recursive: true });
  writeFileSync(join(directory, 'jobs', '1', 'input.in'), 'of another job');
  await assert.rejects(
    server.allocate(client(), { user: 'jane' }),
    failsWith('file/unsafe', /is there already/),
  );
  assert.equal(server.freeJobs, 1);
  const job = await server.allocate(client(), { user: 'jane' });
  assert.equal(existsSync(join(job.directory, 'input.in')), false);
});

test('slow starts run beside each other, and a failing one holds up nobody', async (t) => {
  const { server, client } = await standInServer(t, ['slow', '300'], { maxJobs: 4 });
  const starts = Array.from({ length: 4 }, () => server.allocate(client(), { user: 'jane' }));
  await until(
    () => server.jobs.filter((job) => job.process !== undefined).length === 4,
    'four processes at once',
  );
  assert.ok(server.jobs.every((job) => job.entry.state === 'starting'));
  const jobs = await Promise.all(starts);
  assert.equal(new Set(jobs.map(({ entry }) => entry.uri)).size, 4);
});

test('of twenty that ask at once four get a job, and the others are told at once', async (t) => {
  const { server, client } = await standInServer(t, ['good'], { maxJobs: 4 });
  const asked = await Promise.allSettled(
    Array.from({ length: 20 }, () => server.allocate(client(), { user: 'jane' })),
  );
  const refused = asked.filter((result) => result.status === 'rejected');
  assert.equal(refused.length, 16);
  for (const { reason } of refused) assert.ok(isLatchkeyError(reason, 'remote/full'));
  assert.equal(server.jobs.filter((job) => job.entry.state === 'running').length, 4);
  assert.equal(server.freeJobs, 0);
});

test('a port that is taken is passed over', async (t) => {
  const port = await freePort();
  const taken = createServer().listen(port, '127.0.0.1');
  t.after(() => taken.close());
  const places = { host: '127.0.0.1', ports: { first: port, last: port + 5 } };
  const { server, client } = await standInServer(t, ['good'], {}, { jobPlaces: places });
  const job = await server.allocate(client(), { user: 'jane' });
  assert.ok(job.entry.port > port && job.entry.port <= port + 5, String(job.entry.port));
});

test('a port has one job, and is free again when that has ended', async (t) => {
  const port = await freePort();
  const { server, client } = await standInServer(
    t,
    ['good'],
    {},
    {
      jobPlaces: { host: '127.0.0.1', ports: { first: port, last: port } },
    },
  );
  const jane = client();
  const { id } = await server.allocate(jane, { user: 'jane' });
  await assert.rejects(server.allocate(jane, { user: 'jane' }), failsWith('remote/full', /no port/));
  await server.terminate(jane, id, undefined);
  assert.equal((await server.allocate(jane, { user: 'jane' })).entry.port, port);
});

test('a job that listens on ::1 alone, where somebody else may be on 127.0.0.1, is not handed out', async (t) => {
  const port = await freePort();
  const { server, client } = await standInServer(
    t,
    ['elsewhere'],
    {},
    {
      jobPlaces: { host: '127.0.0.1', ports: { first: port, last: port } },
    },
  );
  await assert.rejects(
    server.allocate(client(), { user: 'jane' }),
    (error) => isLatchkeyError(error) && /not that job|no port/.test(error.message),
  );
  assert.equal(isAlive(server.jobs[0]?.process?.pid ?? 0), false);
});

test("any free port, or a socket that only the server's account can open", async (t) => {
  const tcp = await standInServer(t, ['good'], {}, { jobPlaces: { host: '127.0.0.1' } });
  assert.ok((await tcp.server.allocate(tcp.client(), { user: 'jane' })).entry.port > 0);
  const unix = await standInServer(t, ['good']);
  const job = await unix.server.allocate(unix.client(), { user: 'jane' });
  assert.equal(job.entry.port, 0);
  assert.equal(existsSync(join(job.directory, 's')), true);
});

test('what a client calls its user makes no lines in what the server tells of itself', async (t) => {
  const told: string[] = [];
  const onEvent = ({ text }: { readonly text: string }) => void told.push(text);
  const { server, client } = await standInServer(t, ['good'], {}, {}, { onEvent });
  await server.allocate(client(), { user: 'jane\njob-ended  9@Models  forged\u001b[2J' });
  assert.ok(told.includes('for jane?job-ended  9@Models  forged?[2J'), told.join('|'));
  assert.ok(told.every((text) => !/\p{Cc}/u.test(text)));
});
