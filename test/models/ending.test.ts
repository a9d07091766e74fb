import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, runProgram } from '../../src/kit/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { standInServer, until } from '../support/model-servers.ts';
import { isAlive } from '../support/processes.ts';

const isUnauthorised = (error: unknown) => isLatchkeyError(error, 'remote/unauthorised');

test('a job that dies is seen at once: its slot is free, its end and its log are kept', async (t) => {
  const { server, client } = await standInServer(t, ['dies-later', '100'], { maxJobs: 1 });
  const job = await server.allocate(client(), { user: 'jane' });
  await until(() => job.entry.state === 'ended', 'the end is seen');
  assert.equal(server.freeJobs, 1);
  const { reason, code, signal } = job.entry.ending ?? {};
  assert.deepEqual({ reason, code, signal }, { reason: 'exited', code: 9, signal: null });
  assert.match(readFileSync(job.logFile, 'utf8'), /diverged at step 7/);
});

test('a job that puts a pipe in the place of its log holds up nobody', { timeout: 60_000 }, async (t) => {
  const { server, client } = await standInServer(t, ['good']);
  const job = await server.allocate(client(), { user: 'jane' });
  rmSync(job.logFile);
  assert.equal((await runProgram('mkfifo', [job.logFile])).code, 0);
  // More than Node has threads for files: with each of them held up, it opens none any more.
  const tails = await Promise.all(Array.from({ length: 16 }, () => job.log.tail()));
  assert.deepEqual(tails.flat(), []);
});

test('a new job does not touch the log of another', async (t) => {
  const { server, client } = await standInServer(t, ['good']);
  const first = await server.allocate(client(), { user: 'jane' });
  await server.allocate(client(), { user: 'jane' });
  assert.equal(readFileSync(first.logFile, 'utf8'), '1@Models is good\n');
});

test('terminated twice, at once and one after the other, is terminated', async (t) => {
  const { server, client } = await standInServer(t, ['good']);
  const jane = client();
  const job = await server.allocate(jane, { user: 'jane' });
  await Promise.all([server.terminate(jane, job.id, undefined), server.terminate(jane, job.id, undefined)]);
  await server.terminate(jane, job.id, undefined);
  assert.equal(job.entry.ending?.reason, 'terminated');
  assert.equal(isAlive(job.process?.pid ?? 0), false);
  // The value is in the message, and not the place for one.
  await assert.rejects(
    server.terminate(jane, '99@Models', undefined),
    (error) =>
      isLatchkeyError(error, 'remote/unknown-job') && error.message === 'Models has no job "99@Models"',
  );
});

test('all that a job has started ends with it: what ignores TERM, and what has left the group', async (t) => {
  const { server, client } = await standInServer(t, ['parent'], { stopSeconds: 0.2 });
  const jane = client();
  const job = await server.allocate(jane, { user: 'jane' });
  const children = readFileSync(join(job.workDirectory, 'children'), 'utf8').split(' ').map(Number);
  assert.deepEqual(children.map(isAlive), [true, true]);
  await server.terminate(jane, job.id, undefined);
  assert.deepEqual(children.map(isAlive), [false, false]);
});

test("only who holds a job, knows its key, or runs the server ends it; a client's name opens nothing", async (t) => {
  const { server, client, operator } = await standInServer(t, ['good']);
  const [jane, joe] = [client(), client()];
  const [first, second, third] = [
    await server.allocate(jane, { user: 'jane' }),
    await server.allocate(jane, { user: 'jane' }),
    await server.allocate(jane, { user: 'jane' }),
  ];
  await assert.rejects(server.terminate(joe, first.id, undefined), isUnauthorised);
  await assert.rejects(server.terminate(joe, first.id, second.key), isUnauthorised);
  assert.deepEqual(await server.terminateAll(joe), []);
  await server.terminate(joe, first.id, first.key);
  await server.terminate(operator, second.id, undefined);
  assert.deepEqual(await server.terminateAll(jane), [third.id]);
});

test('a job lives on for a grace when its client is gone, and goes on when it comes back', async (t) => {
  const clock = new FakeClock();
  const { server, client } = await standInServer(t, ['good'], { leaseSeconds: 60 }, {}, { clock });
  const jane = client();
  const [kept, lost] = [
    await server.allocate(jane, { user: 'jane' }),
    await server.allocate(jane, { user: 'jane' }),
  ];
  jane.hangUp();
  await clock.advance(50_000);
  const again = client();
  assert.throws(() => server.attach(again, kept.id, undefined), isUnauthorised);
  server.attach(again, kept.id, kept.key);
  await clock.advance(15_000);
  await until(() => lost.entry.state === 'ended', 'the job nobody came back for ends');
  assert.equal(lost.entry.ending?.reason, 'lease');
  assert.equal(kept.entry.state, 'running');
  again.hangUp();
  await clock.advance(61_000);
  await until(() => kept.entry.state === 'ended', 'the other ends too');
});

test('no job runs longer than a job may', async (t) => {
  const clock = new FakeClock();
  const { server, client } = await standInServer(t, ['good'], { maxSeconds: 3600 }, {}, { clock });
  const job = await server.allocate(client(), { user: 'jane' });
  await clock.advance(3_599_000);
  assert.equal(job.entry.state, 'running');
  await clock.advance(2000);
  await until(() => job.entry.state === 'ended', 'it is ended');
  assert.equal(job.entry.ending?.reason, 'limit');
});

test('a ticket that nobody used comes free', async (t) => {
  const clock = new FakeClock();
  const { server, client } = await standInServer(t, ['good'], { maxJobs: 1 }, {}, { clock });
  const ticket = server.preAllocate(client(), 'jane', false);
  assert.equal(server.freeJobs, 0);
  await clock.advance(10_000);
  assert.equal(server.freeJobs, 1);
  await assert.rejects(server.allocate(client(), { user: 'jane', ticket: ticket?.ticket ?? '' }), /void/);
  await server.allocate(client(), { user: 'joe' });
});

test('who waits gets the slot of a job that has ended, before anybody else', async (t) => {
  const { server, client } = await standInServer(t, ['good'], { maxJobs: 1, maxQueued: 1 });
  const [jane, joe] = [client(), client()];
  const { id } = await server.allocate(jane, { user: 'jane' });
  const place = server.preAllocate(joe, 'joe', true);
  assert.equal(place?.position, 1);
  await server.terminate(jane, id, undefined);
  await assert.rejects(server.allocate(jane, { user: 'jane' }), (error) =>
    isLatchkeyError(error, 'remote/full'),
  );
  assert.equal(server.ticketStatus(place.ticket).position, 0);
  assert.equal((await server.allocate(joe, { user: 'joe', ticket: place.ticket })).id, '2@Models');
});

test('a job can be ended while it starts', async (t) => {
  const { server, client, operator } = await standInServer(t, ['silent'], { maxJobs: 1, startSeconds: 600 });
  const starting = server.allocate(client(), { user: 'jane' });
  await until(() => server.jobs[0]?.process !== undefined, 'its process is there');
  const rejected = assert.rejects(starting, /ended while it started/);
  await server.terminate(operator, '1@Models', undefined);
  await rejected;
  assert.equal(server.jobs[0]?.entry.ending?.reason, 'terminated');
  assert.equal(isAlive(server.jobs[0]?.process?.pid ?? 0), false);
});

test('a server that drains takes no job, and is done when the last has ended', async (t) => {
  const { server, client } = await standInServer(t, ['good']);
  const jane = client();
  const job = await server.allocate(jane, { user: 'jane' });
  let isDone = false;
  const drained = server.drain().then(() => {
    isDone = true;
  });
  await assert.rejects(server.allocate(jane, { user: 'jane' }), (error) =>
    isLatchkeyError(error, 'remote/draining'),
  );
  assert.equal(isDone, false);
  await server.terminate(jane, job.id, undefined);
  await drained;
});

test('a log that grows without end is cut, and its end kept', async (t) => {
  const { server, client } = await standInServer(t, ['talks'], { maxLogBytes: 20_000 });
  const job = await server.allocate(client(), { user: 'jane' });
  await until(() => existsSync(`${job.logFile}.1`), 'it is cut');
  assert.equal(readFileSync(`${job.logFile}.1`).length, 5000);
});

test('ended jobs are forgotten with their directories when there are many', async (t) => {
  const { server, client } = await standInServer(t, ['good'], { maxEnded: 1 });
  const jane = client();
  const jobs = [await server.allocate(jane, { user: 'jane' }), await server.allocate(jane, { user: 'jane' })];
  for (const { id } of jobs) await server.terminate(jane, id, undefined);
  await until(() => !existsSync(jobs[0]?.directory ?? ''), 'the first directory is gone');
  assert.equal(existsSync(jobs[1]?.directory ?? ''), true);
});
