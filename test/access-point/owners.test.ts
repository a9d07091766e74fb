// Mark, sweep, delete and changes of handles under a monitor that must follow all of it and remove no user itself.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMonitoredPool } from './monitored-pool.ts';
import { readJwt } from './read-jwt.ts';
import { RESULT } from './results.ts';
import { eventually } from './waiting.ts';

const JOB = 'use_oauth_services = scitokens\nqueue';

test('mark and sweep: the monitor keeps renewing a marked user, leaves the mark alone, and the user can come back', async (t) => {
  const pool = await startMonitoredPool(t);
  const { job, stderr } = await pool.submit('alice', JOB);
  assert.ok(job, stderr);
  pool.schedd.leave(job, 0);
  pool.schedd.scanOwners();
  const mark = join(pool.pool.directory, 'alice.mark');
  assert.ok(existsSync(mark));
  utimesSync(mark, 1000, 1000);
  const before = pool.useFile('alice').members.access_token;
  // A .top that is newer than its .use asks for another token.
  pool.credd.write('alice', 'scitokens.top', 'alice@foo');
  pool.wake();
  await eventually(
    () => pool.useFile('alice').members.access_token !== before,
    'a renewal for a marked user',
  );
  assert.ok(existsSync(mark), 'the mark is the schedd’s');
  assert.deepEqual(pool.credd.sweep(), ['alice']);
  pool.wake();
  // A monitor that is still renewing must not bring the directory back.
  const other = await pool.submit('bob', JOB);
  assert.equal(other.exitCode, 0);
  const start = pool.useFile('bob').members.access_token;
  pool.credd.write('bob', 'scitokens.top', 'bob@foo');
  pool.wake();
  await eventually(() => pool.useFile('bob').members.access_token !== start, 'a renewal after the sweep');
  assert.equal(existsSync(join(pool.pool.directory, 'alice')), false, 'nobody comes back by himself');
  assert.equal((await pool.submit('alice', JOB)).exitCode, 0);
  assert.deepEqual(readdirSync(pool.credd.userDirectory('alice')).sort(), ['scitokens.top', 'scitokens.use']);
});

test('delete: a deleted credential stays deleted, its neighbours and .meta stay', async (t) => {
  const pool = await startMonitoredPool(t, { localProviders: ['scitokens', 'campus'] });
  assert.equal((await pool.submit('alice', JOB)).exitCode, 0);
  writeFileSync(pool.credd.path('alice', 'campus.meta'), '{}');
  assert.equal(pool.credd.remove({ user: 'alice', service: 'campus' }), RESULT.ok);
  pool.wake();
  assert.equal((await pool.submit('bob', 'use_oauth_services = campus\nqueue')).exitCode, 0);
  pool.wake();
  assert.equal((await pool.submit('carol', 'queue')).exitCode, 0);
  assert.deepEqual(readdirSync(pool.credd.userDirectory('alice')).sort(), [
    'campus.meta',
    'scitokens.top',
    'scitokens.use',
  ]);
  // The next submit asks for it again, and it is there again.
  assert.equal((await pool.submit('alice', 'use_oauth_services = campus\nqueue')).exitCode, 0);
  assert.equal(readJwt(pool.useFile('alice', 'campus.use').members.access_token).claims.sub, 'alice');
  assert.equal(pool.credd.remove({ user: 'alice' }), RESULT.ok);
  pool.wake();
  assert.equal((await pool.submit('bob', 'queue')).exitCode, 0);
  assert.equal(existsSync(pool.credd.userDirectory('alice')), false);
});

test('a lost .use is made again from its .top, by itself', async (t) => {
  const pool = await startMonitoredPool(t);
  assert.equal((await pool.submit('alice', JOB)).exitCode, 0);
  rmSync(pool.credd.path('alice', 'scitokens.use'));
  pool.wake();
  await eventually(() => existsSync(pool.credd.path('alice', 'scitokens.use')), 'the .use again');
});

test('handles of a local name: each .top gets its own .use, and only those', async (t) => {
  const pool = await startMonitoredPool(t);
  for (const handle of ['a', 'b-2', 'C.3']) {
    const code = await pool.credd.store({ user: 'alice', service: 'scitokens', handle, content: 'x' });
    assert.ok(code > 100, `handle ${handle}: ${code}`);
  }
  pool.credd.remove({ user: 'alice', service: 'scitokens', handle: 'a' });
  assert.ok((await pool.credd.store({ user: 'alice', service: 'scitokens', content: 'x' })) > 100);
  pool.wake();
  assert.equal((await pool.submit('bob', 'queue')).exitCode, 0);
  assert.deepEqual(readdirSync(pool.credd.userDirectory('alice')).sort(), [
    'scitokens.top',
    'scitokens.use',
    'scitokens_C.3.top',
    'scitokens_C.3.use',
    'scitokens_b-2.top',
    'scitokens_b-2.use',
  ]);
});

test('request files: young ones and look-alikes stay (ctime cannot be set back, so the twelve hours are a unit test)', async (t) => {
  const young = 'a'.repeat(64);
  const pool = await startMonitoredPool(t, {
    before: ({ pool: { directory } }) => {
      writeFileSync(join(directory, young), 'Provider = "p"\n', { mode: 0o640 });
      writeFileSync(join(directory, 'B'.repeat(64)), '');
      writeFileSync(join(directory, `${'c'.repeat(64)}d`), '');
      writeFileSync(join(directory, 'README.credentials'), 'read me');
    },
  });
  pool.wake();
  assert.equal((await pool.submit('bob', 'queue')).exitCode, 0);
  const names = readdirSync(pool.pool.directory);
  for (const name of [young, 'B'.repeat(64), `${'c'.repeat(64)}d`, 'README.credentials']) {
    assert.ok(names.includes(name), name);
  }
  assert.equal(readFileSync(join(pool.pool.directory, young), 'utf8'), 'Provider = "p"\n');
});
