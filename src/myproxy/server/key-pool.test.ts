import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { isLatchkeyError } from '../../kit/index.ts';
import { KeyPool } from './key-pool.ts';

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('makes one ahead at a time, never more than it may keep, and none that two get', async () => {
  let underWay = 0;
  let most = 0;
  let made = 0;
  const pool = new KeyPool({
    ready: 3,
    generate: async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await settle();
      underWay -= 1;
      made += 1;
      return pair();
    },
  });
  pool.fill();
  pool.fill();
  while (pool.size < 3) await settle();
  assert.equal(most, 1);
  assert.equal(made, 3);
  const taken = await Promise.all([pool.take(), pool.take(), pool.take(), pool.take()]);
  assert.equal(new Set(taken).size, 4);
  while (pool.size < 3) await settle();
  pool.close();
  assert.equal(pool.size, 0);
  const before = made;
  pool.fill();
  await settle();
  assert.equal(made, before);
});

test('a failure in the background is left to whoever takes one', async () => {
  const pool = new KeyPool({ generate: () => Promise.reject(new Error('no entropy')) });
  pool.fill();
  await settle();
  await assert.rejects(pool.take(), /no entropy/);
});

test('a burst makes one pair at a time, and none for those who have hung up', async () => {
  let underWay = 0;
  let most = 0;
  let made = 0;
  const pool = new KeyPool({
    ready: 0,
    generate: async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await settle();
      underWay -= 1;
      made += 1;
      return pair();
    },
  });
  const gone = new AbortController();
  const hung = Array.from({ length: 100 }, () => pool.take(gone.signal));
  const patient = [pool.take(), pool.take(), pool.take()];
  gone.abort(new Error('hung up'));
  const outcomes = await Promise.allSettled(hung);
  assert.ok(outcomes.every((outcome) => outcome.status === 'rejected' && /hung up/.test(outcome.reason)));
  assert.equal(new Set(await Promise.all(patient)).size, 3);
  assert.equal(most, 1);
  assert.ok(made <= 4, `${made}`);
  await assert.rejects(pool.take(gone.signal), /hung up/);
});

test('a queue that is too long is not made longer', async () => {
  const pool = new KeyPool({ ready: 0, generate: () => new Promise(() => {}) });
  for (let waiting = 0; waiting < 128; waiting += 1) pool.take().catch(() => {});
  await assert.rejects(pool.take(), (error) => isLatchkeyError(error, 'repository/throttled'));
});
