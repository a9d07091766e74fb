import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchStatus } from './batch-system.ts';
import { credentialOutlook } from './credential-outlook.ts';
import { newEntry } from './job-entry.ts';
import { resolveFacts } from './job-facts.ts';
import { byJob, judge, needsAccount, needsRecord } from './judge.ts';

const NOW = new Date('2026-11-30T12:00:00Z');
const ENDED = { endedAt: NOW, isTimeout: false };
const status = (more: Partial<BatchStatus>): BatchStatus => ({
  id: '7',
  state: 'Running',
  native: 'R',
  ...more,
});
const entry = (arraySize?: number) => {
  const job = {
    executable: 'x',
    environment: {},
    transfers: [],
    ...(arraySize === undefined ? {} : { arraySize }),
  };
  return newEntry(
    {
      id: '[slurm://localhost]-[7]',
      native: '7',
      tag: 'lk-1',
      job,
      hasCredentials: false,
      hasForgottenFiles: false,
    },
    'Pending',
    NOW,
  );
};

test('scheduler, sandbox and our own cancel together say how a job ended', () => {
  const cases: readonly [Parameters<typeof resolveFacts>, string, string | undefined][] = [
    [[status({ state: 'Done', exitCode: 0 }), undefined], 'Done', undefined],
    [
      [status({ state: 'Failed', exitCode: 137 }), { end: { ...ENDED, signal: 9 }, isCancelled: false }],
      'Failed',
      'killed-by-signal',
    ],
    [[status({ state: 'Failed', signal: 9 }), { isCancelled: true }], 'Canceled', 'cancelled-by-user'],
    [[status({ state: 'Failed', reason: 'timeout', signal: 9 }), { isCancelled: true }], 'Failed', 'timeout'],
    [
      [status({ state: 'Running' }), { end: { ...ENDED, exitCode: 0 }, isCancelled: false }],
      'Running',
      undefined,
    ],
    [[undefined, { end: { ...ENDED, exitCode: 0 }, isCancelled: false }], 'Done', undefined],
    [
      [status({ state: 'Failed', signal: 9 }), { isCancelled: false, isOutOfMemory: true }],
      'Failed',
      'out-of-memory',
    ],
    [
      [status({ state: 'Failed', signal: 9 }), { isCancelled: true, isOutOfMemory: true }],
      'Canceled',
      'cancelled-by-user',
    ],
    [
      [undefined, { end: { ...ENDED, signal: 9 }, isCancelled: false, isOutOfMemory: true }],
      'Failed',
      'out-of-memory',
    ],
    [
      [undefined, { end: { ...ENDED, exitCode: 0 }, isCancelled: false, isOutOfMemory: true }],
      'Done',
      undefined,
    ],
    [[undefined, { end: { ...ENDED, exitCode: 0 }, isCancelled: true }], 'Done', undefined],
    [[undefined, { end: { ...ENDED, exitCode: 3 }, isCancelled: false }], 'Failed', 'non-zero-exit'],
    [
      [undefined, { end: { ...ENDED, signal: 15, isTimeout: true }, isCancelled: false }],
      'Failed',
      'timeout',
    ],
    [[undefined, { end: { ...ENDED, signal: 15 }, isCancelled: true }], 'Canceled', 'cancelled-by-user'],
    [[undefined, { isCancelled: true }], 'Canceled', 'cancelled-by-user'],
  ];
  for (const [given, state, reason] of cases) {
    const facts = resolveFacts(...given);
    assert.deepEqual([facts?.state, facts?.reason], [state, reason], JSON.stringify(given));
  }
  assert.equal(resolveFacts(undefined, { isCancelled: false }), undefined, 'nobody knows');
});

test('a job that nobody knows keeps its state for a while, then is Unknown and vanished, never Done', () => {
  const job = entry();
  const at = (seconds: number) =>
    judge(job, undefined, undefined, undefined, NOW.getTime() + seconds * 1000, 30_000);
  job.facts = judge(job, byJob([status({})]).get('7'), undefined, undefined, NOW.getTime(), 30_000);
  assert.equal(at(1).state, 'Running');
  assert.equal(at(30).state, 'Running');
  assert.deepEqual([at(31).state, at(32).reason], ['Unknown', 'vanished']);
  const back = judge(job, byJob([status({})]).get('7'), undefined, undefined, NOW.getTime() + 40_000, 30_000);
  assert.deepEqual([back.state, back.reason, job.missingSince], ['Running', undefined, undefined]);
});

test('a state that an adaptor has no word for changes nothing but the word', () => {
  const job = entry();
  judge(job, byJob([status({})]).get('7'), undefined, undefined, 0, 30_000);
  const facts = judge(
    job,
    byJob([status({ state: 'Unknown', native: 'ZZ' })]).get('7'),
    undefined,
    undefined,
    0,
    30_000,
  );
  assert.deepEqual([facts.state, facts.native], ['Running', 'ZZ']);
});

test('sandbox and accounts are asked only for what needs them', () => {
  const job = entry();
  const told = (more: Partial<BatchStatus>) => byJob([status(more)]).get('7');
  assert.equal(needsRecord(job, told({})), false);
  assert.equal(needsRecord(job, told({ state: 'Failed' })), true);
  assert.equal(needsRecord(job, undefined), true);
  assert.equal(needsAccount(job, told({ state: 'Failed' }), undefined), false);
  assert.equal(
    needsAccount(job, undefined, new Map([[0, { end: { ...ENDED, exitCode: 1 }, isCancelled: false }]])),
    false,
  );
  assert.equal(
    needsAccount(job, undefined, new Map([[0, { end: { ...ENDED, signal: 9 }, isCancelled: false }]])),
    true,
  );
  assert.equal(needsAccount(job, undefined, undefined), true);
});

test('an array is judged task by task: some told, some on record, some by ranges', () => {
  const job = entry(4);
  const told = byJob([status({ tasks: [3, 4], state: 'Pending', native: 'PD' }), status({ tasks: [1] })]).get(
    '7',
  );
  const records = new Map([[2, { end: { ...ENDED, exitCode: 5 }, isCancelled: false }]]);
  const facts = judge(job, told, records, undefined, NOW.getTime(), 30_000);
  assert.deepEqual(
    [...job.tasks.values()].map((task) => task.state),
    ['Running', 'Failed', 'Pending', 'Pending'],
  );
  assert.deepEqual([facts.state, facts.native], ['Running', '1 Running, 1 Failed, 2 Pending']);
});

test('a credential outlives the job, is renewed, or is told of', () => {
  const codes = (minutes: number | undefined, isRenewable: boolean, wallTimeMinutes?: number) =>
    credentialOutlook({
      ...{ name: 'bearer-token', isRenewable, wallTimeMinutes, now: NOW },
      expiresAt: minutes === undefined ? undefined : new Date(NOW.getTime() + minutes * 60_000),
    }).map((finding) => `${finding.code}${finding.isSerious ? '!' : ''}`);
  assert.deepEqual(codes(60, false, 60), []);
  assert.deepEqual(codes(59, false, 60), ['credential-too-short!']);
  assert.deepEqual(codes(59, true, 60), ['credential-renewed']);
  assert.deepEqual(codes(59, false), ['credential-unbounded!']);
  assert.deepEqual(codes(59, true), []);
  assert.deepEqual(codes(0, true), ['credential-expired!']);
  assert.deepEqual(codes(undefined, false, 60), []);
});

test('books that have no end of a job that the queue does not know say nothing', () => {
  const job = entry();
  const running = byJob([status({ state: 'Running' })]).get('7');
  assert.equal(judge(job, running, undefined, undefined, 0, 1000).state, 'Running');
  assert.equal(judge(job, undefined, undefined, running, 0, 1000).state, 'Running');
  const given = judge(job, undefined, undefined, running, 1000, 1000);
  assert.deepEqual([given.state, given.reason], ['Unknown', 'vanished']);
  const ended = byJob([status({ state: 'Done', native: 'COMPLETED', exitCode: 0 })]).get('7');
  assert.equal(judge(job, undefined, undefined, ended, 2000, 1000).state, 'Done');
});
