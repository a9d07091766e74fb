import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { assertLegal, mayBecome, stateOfArray } from './job-state.ts';

test('only a new job can be run, and nothing can be asked of one that has ended', () => {
  assert.doesNotThrow(() => assertLegal('run', 'New'));
  assert.throws(
    () => assertLegal('run', 'Running'),
    (error) => isLatchkeyError(error, 'jobs/state'),
  );
  assert.throws(() => assertLegal('cancel', 'New'), /cannot cancel/);
  assert.throws(() => assertLegal('signal', 'Done'), /is Done cannot signal/);
  assert.throws(() => assertLegal('output', 'New'), /cannot have output/);
});

test('what is final stays; a requeue goes back to Pending', () => {
  assert.equal(mayBecome('Done', 'Running'), false);
  assert.equal(mayBecome('Running', 'Pending'), true);
  assert.equal(mayBecome('Running', 'Running'), false);
  assert.equal(mayBecome('Unknown', 'Done'), true);
  assert.equal(mayBecome('Pending', 'New'), false);
});

test('an array is final when all its tasks are, and as bad as the worst of them', () => {
  assert.equal(stateOfArray(['Done', 'Running', 'Failed']), 'Running');
  assert.equal(stateOfArray(['Pending', 'Pending']), 'Pending');
  assert.equal(stateOfArray(['Done', 'Pending']), 'Running');
  assert.equal(stateOfArray(['Done', 'Failed', 'Canceled']), 'Failed');
  assert.equal(stateOfArray(['Done', 'Canceled']), 'Canceled');
  assert.equal(stateOfArray(['Done', 'Done']), 'Done');
  assert.equal(stateOfArray([]), 'Unknown');
});
