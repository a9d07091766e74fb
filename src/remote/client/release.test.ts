import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatchkeyError } from '../../kit/index.ts';
import { releaseAll } from './release.ts';

const never = () => new Promise<never>(() => {});

test('one that fails, or never ends, does not keep the others; the first failure is thrown when all is done', async () => {
  const done: string[] = [];
  const step = (what: string, run: () => Promise<unknown> = async () => {}) => ({
    what,
    run: () => {
      done.push(what);
      return run();
    },
  });
  const steps = [
    step('the job', never),
    step('the connection', () => Promise.reject(new Error('it is gone'))),
    step('the link'),
  ];
  await assert.rejects(releaseAll(steps, 5), (error) => {
    assert.ok(error instanceof LatchkeyError);
    assert.equal(error.code, 'remote/release');
    assert.match(error.message, /giving back the job takes longer than 0\.005 s/);
    assert.deepEqual(error.details.alsoFailed, ['it is gone']);
    return true;
  });
  assert.deepEqual(done, ['the job', 'the connection', 'the link']);
});

test('a single failure is thrown as it was', async () => {
  const gone = new Error('it is gone');
  await assert.rejects(
    releaseAll([{ what: 'x', run: () => Promise.reject(gone) }]),
    (error) => error === gone,
  );
});
