import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeEnding } from '../../job-entry.ts';
import { endOfBatch, isEnded } from './batch-ending.ts';

test('the reason of a scheduler is said in words, with its own', () => {
  const end = endOfBatch({ state: 'Failed', reason: 'timeout', native: 'TO', signal: 15 }, 'slurm');
  assert.deepEqual(end, { code: null, signal: 'SIGTERM', why: 'its wall time was over (slurm says TO)' });
  assert.equal(describeEnding({ reason: 'exited', at: 0, ...end }), 'its wall time was over (slurm says TO)');
});

test('a program that ended by itself needs no scheduler to tell', () => {
  const end = endOfBatch({ state: 'Failed', reason: 'non-zero-exit', native: 'F', exitCode: 7 }, 'slurm');
  assert.deepEqual(end, { code: 7, signal: null });
  assert.equal(describeEnding({ reason: 'exited', at: 0, ...end }), 'it ended by itself, exit code 7');
});

test('a job that nobody knows any more has ended, one that waits has not', () => {
  assert.equal(isEnded({ state: 'Unknown', reason: 'vanished' }), true);
  assert.equal(isEnded({ state: 'Canceled' }), true);
  assert.equal(isEnded({ state: 'Unknown' }), false);
  assert.equal(isEnded({ state: 'Pending', reason: 'held' }), false);
});
