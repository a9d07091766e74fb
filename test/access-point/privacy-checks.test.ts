// credd's and the shadow's checks of owner and mode on what the real monitor writes, and the monitor's check of D.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMonitoredPool } from './monitored-pool.ts';
import { eventually } from './waiting.ts';

const JOB = 'use_oauth_services = scitokens\nqueue';

for (const trustCredentialDirectory of [true, false]) {
  test(`a job gets its local token with TRUST_CREDENTIAL_DIRECTORY = ${trustCredentialDirectory}`, async (t) => {
    const pool = await startMonitoredPool(t, { trustCredentialDirectory });
    const { job, stderr } = await pool.submit('alice', JOB);
    assert.ok(job, stderr);
    const running = pool.run(job);
    t.after(() => running.end());
    assert.equal(running.hold, undefined);
    assert.ok(pool.credd.token('alice', 'scitokens').length > 0, 'htcondor credential get');
  });
}

for (const mode of [0o2771, 0o2774, 0o2772, 0o777]) {
  test(`a credential directory with mode ${mode.toString(8)} is refused, and nothing is written there`, async (t) => {
    const pool = await startMonitoredPool(t, {
      isHopeless: true,
      before: ({ pool: { directory } }) => chmodSync(directory, mode),
    });
    const exit = await pool.master.ended();
    await pool.master.stop();
    assert.notEqual(exit.code, 0);
    assert.equal(exit.signal, null);
    assert.deepEqual(readdirSync(pool.pool.directory), []);
    assert.match(`${exit.output}${pool.log()}`, /creds/, 'the directory is named');
  });
}

test('a credential directory that is not there is made: 2770', async (t) => {
  const pool = await startMonitoredPool(t, { before: ({ pool: { directory } }) => rmdirSync(directory) });
  assert.equal(statSync(pool.pool.directory).mode & 0o7777, 0o2770);
  assert.equal((await pool.submit('alice', JOB)).exitCode, 0);
});

test('every file of the monitor in a user directory is private, whatever the umask', async (t) => {
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const pool = await startMonitoredPool(t);
  await pool.submit('alice', JOB);
  await eventually(() => existsSync(pool.credd.path('alice', 'scitokens.use')), 'the token');
  assert.equal(statSync(pool.credd.path('alice', 'scitokens.use')).mode & 0o7777, 0o400);
  for (const name of ['pid', 'CREDMON_COMPLETE']) {
    assert.equal(
      statSync(join(pool.pool.directory, name)).mode & 0o022,
      0,
      `${name} is nobody else's to write`,
    );
  }
});

test('hopeless: a provider name that cannot be one ends with 99 and is not started again', async (t) => {
  const pool = await startMonitoredPool(t, { isHopeless: true, localProviders: ['bad name!', 'sci_tokens'] });
  assert.equal((await pool.master.ended()).code, 99);
  assert.equal(pool.master.exits.length, 1);
  assert.equal(existsSync(join(pool.pool.directory, 'pid')), false);
});

test('hopeless: a log that cannot be written ends with 44', async (t) => {
  const pool = await startMonitoredPool(t, {
    isHopeless: true,
    paces: { restartDelayMs: 60_000 },
    before: ({ pool: { logDirectory } }) => mkdirSync(join(logDirectory, 'CredMonOAuthLog')),
  });
  assert.equal((await pool.master.ended()).code, 44);
});
