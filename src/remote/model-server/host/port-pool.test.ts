import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../../../kit/index.ts';
import { PortPool } from './port-pool.ts';

const RANGE = { first: 9095, last: 9097 };

test('a port that was given back rests longest', async () => {
  const pool = new PortPool(RANGE, '127.0.0.1', async () => true);
  assert.equal(await pool.take(0), 9095);
  pool.give(9095);
  pool.give(9095);
  assert.deepEqual([await pool.take(0), await pool.take(0), await pool.take(0)], [9096, 9097, 9095]);
  await assert.rejects(pool.take(0), (error) => isLatchkeyError(error, 'remote/full'));
});

test('a port that somebody else holds is passed over, and not asked again for a while', async () => {
  const taken = new Set([9095]);
  let asked = 0;
  const pool = new PortPool(RANGE, '127.0.0.1', async (_host, port) => {
    asked += 1;
    return !taken.has(port);
  });
  assert.equal(await pool.take(0), 9096);
  taken.clear();
  assert.equal(await pool.take(1), 9097);
  assert.equal(asked, 3);
  await assert.rejects(pool.take(59_999));
  assert.equal(await pool.take(60_000), 9095);
});

test('ports of jobs that were found running are theirs', async () => {
  const pool = new PortPool(RANGE, '127.0.0.1', async () => true);
  pool.claim(9096);
  assert.deepEqual([await pool.take(0), await pool.take(0)], [9095, 9097]);
  pool.give(9096);
  pool.give(4000);
  assert.equal(await pool.take(0), 9096);
});
