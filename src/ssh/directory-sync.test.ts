import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { sharedDirectorySync } from './directory-sync.ts';

test('who asks while a directory is made durable shares the next time; none is served by one that began before', async () => {
  const ends: ((error?: Error) => void)[] = [];
  const begun: string[] = [];
  const sync = sharedDirectorySync((directory) => {
    begun.push(directory);
    return new Promise((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
  });
  const done: string[] = [];
  const ask = (name: string, directory = 'd') =>
    sync(directory).then(
      () => done.push(name),
      (error: Error) => done.push(`${name} ${error.message}`),
    );
  const all = [ask('first'), ask('second'), ask('third'), ask('other', 'e')];
  assert.deepEqual(begun, ['d', 'e']);
  ends[0]?.();
  await turn();
  assert.deepEqual([begun, done], [['d', 'e', 'd'], ['first']]);
  all.push(ask('fourth'));
  ends[2]?.(new Error('full'));
  await turn();
  assert.deepEqual(done, ['first', 'second full', 'third full']);
  ends[3]?.();
  ends[1]?.();
  await Promise.all(all);
  assert.deepEqual([begun.length, done.slice(3).sort()], [4, ['fourth', 'other']]);
  const again = ask('again');
  ends[4]?.();
  await again;
  assert.equal(begun.length, 5);
});
