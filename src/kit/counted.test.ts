import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted } from './counted.ts';

test('one is one, none and all else are many', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, 'job')),
    ['0 jobs', '1 job', '2 jobs'],
  );
  assert.equal(counted(2, 'authority', 'authorities'), '2 authorities');
});
