import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newEntry } from './job-entry.ts';
import { KnownJobs } from './known-jobs.ts';

test('of the jobs that have ended only the last are kept, and all that have not', () => {
  const known = new KnownJobs(2);
  const entries = ['a', 'b', 'c', 'd', 'e'].map((native) => {
    const about = { id: native, native, tag: undefined, job: undefined };
    return newEntry({ ...about, hasCredentials: false, hasForgottenFiles: false }, 'Pending', new Date(0));
  });
  for (const entry of entries) known.add(entry);
  for (const entry of entries.slice(0, 4)) known.ended(entry);
  assert.equal(known.size, 3);
  assert.deepEqual(
    entries.map((entry) => known.get(entry.id) === entry),
    [false, false, true, true, true],
  );
  for (const entry of entries) known.delete(entry);
  assert.equal(known.size, 0);
});
