import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../../kit/index.ts';
import { JobTable, type TableLimits } from './job-table.ts';

const LIMITS: TableLimits = { maxJobs: 4, maxJobsPerOwner: 4, maxQueued: 0, ticketSeconds: 10, maxEnded: 2 };
const JANE = { user: 'jane@laptop', owner: 'jane' };
const JOE = { user: 'joe@laptop', owner: 'joe' };
const T0 = Date.parse('2026-11-30T12:00:00Z');
const exited = (at: number) => ({ reason: 'exited', code: 0, signal: null, at }) as const;

const table = (limits: Partial<TableLimits> = {}) => new JobTable('Models', { ...LIMITS, ...limits });
const isFull = (error: unknown) => isLatchkeyError(error, 'remote/full') && error.retryable;

test('as many jobs as there are slots, and not one more', () => {
  const jobs = table();
  for (let n = 1; n <= 4; n += 1) assert.equal(jobs.reserve(JANE, T0).id, `${n}@Models`);
  assert.throws(() => jobs.reserve(JANE, T0), isFull);
  assert.equal(jobs.free(T0), 0);
  jobs.ended('2@Models', exited(T0));
  assert.equal(jobs.free(T0), 1);
  assert.equal(jobs.reserve(JANE, T0).id, '5@Models');
});

test('an ended job ends once: its slot does not come free twice', () => {
  const jobs = table({ maxJobs: 1 });
  const { id } = jobs.reserve(JANE, T0);
  assert.equal(jobs.stopping(id), true);
  assert.equal(jobs.stopping(id), false);
  jobs.ended(id, { reason: 'terminated', code: null, signal: 'SIGTERM', at: T0 });
  jobs.ended(id, exited(T0 + 1));
  assert.equal(jobs.get(id).ending?.reason, 'terminated');
  assert.equal(jobs.free(T0), 1);
});

test('a ticket keeps a slot, and expires by the clock that it was given out by', () => {
  const jobs = table({ maxJobs: 1 });
  assert.equal(jobs.preAllocate(JANE, 'a', T0)?.position, 0);
  assert.equal(jobs.free(T0), 0);
  assert.throws(() => jobs.reserve(JOE, T0 + 9_999), isFull);
  assert.equal(jobs.preAllocate(JOE, 'b', T0 + 9_999), undefined);
  assert.equal(jobs.free(T0 + 10_000), 1);
  assert.throws(() => jobs.reserve(JANE, T0 + 10_000, 'a'), isFull);
  jobs.reserve(JOE, T0 + 10_000);
});

test('a ticket is good for one job', () => {
  const jobs = table();
  jobs.preAllocate(JANE, 'a', T0);
  jobs.reserve(JANE, T0, 'a');
  assert.throws(() => jobs.reserve(JANE, T0, 'a'), isFull);
  assert.throws(() => jobs.reserve(JANE, T0, 'never'), isFull);
});

test('one owner does not get all', () => {
  const jobs = table({ maxJobsPerOwner: 2 });
  jobs.reserve(JANE, T0);
  jobs.preAllocate(JANE, 'a', T0);
  assert.throws(() => jobs.reserve(JANE, T0), /"jane" has 2 jobs already/);
  jobs.reserve(JOE, T0);
});

test('who waits has a place, moves on, and keeps it by asking', () => {
  const jobs = table({ maxJobs: 1, maxQueued: 2 });
  const { id } = jobs.reserve(JANE, T0);
  assert.equal(jobs.preAllocate(JOE, 'a', T0, true)?.position, 1);
  assert.equal(jobs.preAllocate(JANE, 'b', T0, true)?.position, 2);
  assert.equal(jobs.preAllocate(JANE, 'c', T0, true), undefined, 'the queue is full');
  assert.throws(() => jobs.reserve(JOE, T0, 'a'), isFull);
  // Joe asks, Jane does not.
  assert.equal(jobs.ticketStatus('a', T0 + 9_000).position, 1);
  assert.equal(jobs.waiting(T0 + 12_000), 1);
  jobs.ended(id, exited(T0 + 13_000));
  assert.throws(() => jobs.reserve(JANE, T0 + 13_000), isFull, 'nobody overtakes who waits');
  assert.equal(jobs.ticketStatus('a', T0 + 13_000).position, 0);
  assert.equal(jobs.reserve(JOE, T0 + 13_500, 'a').id, '2@Models');
});

test('numbers go on where they were, whatever became of the jobs', () => {
  const jobs = new JobTable('Models', LIMITS, 17);
  assert.equal(jobs.reserve(JANE, T0).id, '17@Models');
  assert.equal(jobs.nextNumber, 18);
});

test('ended jobs are remembered for a while, and then are unknown', () => {
  const jobs = table();
  for (let n = 1; n <= 3; n += 1) jobs.ended(jobs.reserve(JANE, T0).id, exited(T0 + n));
  assert.deepEqual(jobs.forget(), ['1@Models']);
  assert.throws(
    () => jobs.get('1@Models'),
    (error) => isLatchkeyError(error, 'remote/unknown-job'),
  );
  assert.equal(jobs.get('3@Models').ending?.code, 0);
});
