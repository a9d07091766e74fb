// The monitor as a child of condor_master: start, death, restart, two at once, signals, and the session key.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Master } from './master.ts';
import { type MonitoredPool, pidIn, startMonitoredPool } from './monitored-pool.ts';
import { eventually } from './waiting.ts';

const JOB = 'use_oauth_services = scitokens\nqueue';

test('started with no arguments: pid, CREDMON_COMPLETE, and a clean end at SIGTERM', async (t) => {
  const pool = await startMonitoredPool(t, {
    before: ({ pool: { directory } }) => writeFileSync(join(directory, 'pid'), '99999999'),
  });
  assert.equal(pidIn(pool.pool.directory), pool.master.pid);
  assert.ok(statSync(join(pool.pool.directory, 'pid')).size < 256);
  const exit = await pool.master.stop();
  assert.deepEqual({ code: exit?.code, signal: exit?.signal }, { code: 0, signal: null });
});

for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
  test(`${signal} ends it as well`, async (t) => {
    const pool = await startMonitoredPool(t, { paces: { restartDelayMs: 60_000 } });
    const ended = pool.master.ended();
    pool.master.signal(pool.master.pid ?? 0, signal);
    assert.equal((await ended).code, 0);
  });
}

test('the session key of the master is in no log and no output, and no other program inherits it', async (t) => {
  const pool = await startMonitoredPool(t, { config: { CREDMON_OAUTH_DEBUG: 'D_FULLDEBUG' } });
  assert.equal((await pool.submit('alice', JOB)).exitCode, 0);
  const exit = await pool.master.stop();
  assert.doesNotMatch(`${exit?.output}${pool.log()}`, new RegExp(pool.master.sessionKey));
  assert.deepEqual(filesWith(pool.base, pool.master.sessionKey), []);
});

test('kill -9: the master starts it again, it finds everything, and issues nothing twice', async (t) => {
  const pool = await startMonitoredPool(t, { paces: { pidCacheMs: 0 } });
  for (const user of ['alice', 'bob']) assert.equal((await pool.submit(user, JOB)).exitCode, 0);
  const before = pool.useFile('alice').text;
  for (let round = 0; round < 3; round += 1) {
    const ended = pool.master.ended();
    const dead = pool.master.pid;
    pool.master.signal(dead ?? 0, 'SIGKILL');
    assert.equal((await ended).signal, 'SIGKILL');
    await eventually(() => pool.master.pid !== undefined && pool.master.pid !== dead, 'a new process');
    await pool.ready();
  }
  assert.equal(pool.useFile('alice').text, before, 'a token that is good stays');
  assert.equal((await pool.submit('carol', JOB)).exitCode, 0);
  assertTidy(pool);
});

test('a submit while the monitor is dead is answered when it is back, though credd still signals the dead one', async (t) => {
  const pool = await startMonitoredPool(t, {
    paces: { pidCacheMs: 60_000, restartDelayMs: 1, clientPatienceMs: 20_000 },
  });
  assert.equal((await pool.submit('alice', JOB)).exitCode, 0);
  const ended = pool.master.ended();
  pool.master.signal(pool.master.pid ?? 0, 'SIGKILL');
  await ended;
  const duringTheGap = pool.submit('bob', JOB);
  await pool.ready();
  assert.equal((await duringTheGap).exitCode, 0, 'the first pass finds it');
  // credd's cached pid is the dead one: nobody wakes the monitor now, it has to see the request itself.
  // Within the patience of condor_submit, which is a third of the time between two passes.
  for (let user = 0; user < 20; user += 1)
    assert.equal((await pool.submit(`user${user}`, JOB)).exitCode, 0, `submit ${user}`);
});

test('a monitor killed in the middle of many requests leaves nothing half done', async (t) => {
  const pool = await startMonitoredPool(t, { paces: { pidCacheMs: 0, restartDelayMs: 1 } });
  const users = Array.from({ length: 120 }, (_, index) => `user${index}`);
  for (const user of users) {
    pool.credd.makeUserDirectory(user);
    pool.credd.write(user, 'scitokens.top', `${user}@foo`);
  }
  let kills = 0;
  await eventually(
    () => {
      if (kills < 6 && pool.master.pid !== undefined) {
        pool.wake();
        if (pool.master.signal(pool.master.pid, 'SIGKILL')) kills += 1;
      }
      return users.every((user) => existsSync(pool.credd.path(user, 'scitokens.use')));
    },
    'all tokens',
    60_000,
  );
  await eventually(() => pool.master.pid !== undefined, 'a running monitor');
  await pool.ready();
  for (const user of users) assert.ok(pool.useFile(user).members.access_token);
  assertTidy(pool);
});

test('two monitors: the second one gives way, the first goes on', async (t) => {
  const pool = await startMonitoredPool(t);
  const first = pool.master.pid;
  const second = new Master(
    { ...pool.pool, paces: { ...pool.pool.paces, restartDelayMs: 60_000 } },
    join(pool.base, 'sbin', 'condor_credmon_oauth'),
    pool.configFile,
  );
  t.after(() => second.stop());
  second.start();
  assert.notEqual((await second.ended()).code, 0);
  assert.equal(pidIn(pool.pool.directory), first);
  assert.equal((await pool.submit('alice', JOB)).exitCode, 0);
  assert.equal(pool.master.pid, first);
});

test('a storm of SIGHUPs neither kills nor delays it', async (t) => {
  const pool = await startMonitoredPool(t);
  const storm = setInterval(() => pool.wake(), 1);
  t.after(() => clearInterval(storm));
  const startedAt = Date.now();
  for (const user of ['alice', 'bob', 'carol', 'dave']) {
    assert.equal((await pool.submit(user, JOB)).exitCode, 0);
  }
  t.diagnostic(`four submits in the storm took ${Date.now() - startedAt} ms`);
  clearInterval(storm);
  assert.equal(pool.master.exits.length, 0);
});

test('SIGHUP in the first moment of its life does not kill it', async (t) => {
  const pool = await startMonitoredPool(t, { isHopeless: true });
  const storm = setInterval(() => {
    // Only once the pid file names it, as credd does.
    if (pidIn(pool.pool.directory) === pool.master.pid) pool.wake();
  }, 1);
  t.after(() => clearInterval(storm));
  await pool.ready();
  assert.equal((await pool.submit('alice', JOB)).exitCode, 0);
  clearInterval(storm);
  assert.equal(pool.master.exits.length, 0);
});

/** No temporary file of ours is left where jobs and credd look. */
function assertTidy({ pool }: MonitoredPool): void {
  for (const name of readdirSync(pool.directory)) {
    assert.doesNotMatch(name, /tmp/i, 'a temporary file in D');
    if (!statSync(join(pool.directory, name)).isDirectory()) continue;
    for (const file of readdirSync(join(pool.directory, name))) assert.match(file, /\.(top|use|meta)$/, file);
  }
}

function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path, 'latin1').includes(text));
}
