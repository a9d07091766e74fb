// A local issuer without a usable key: condor_submit must go on, for everybody.
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMonitoredPool } from './monitored-pool.ts';
import { eventually } from './waiting.ts';

const JOB = 'use_oauth_services = scitokens\nqueue';

test('a key that is none stops no submission, and mended it gives everybody a token', async (t) => {
  const pool = await startMonitoredPool(t, {
    before: (_point, base) => writeFileSync(join(base, 'scitokens-private.pem'), 'no key', { mode: 0o600 }),
  });
  for (const user of ['alice', 'bob']) {
    const { exitCode, stdout, stderr } = await pool.submit(user, JOB);
    assert.equal(exitCode, 0, `${user}: ${stdout}${stderr}`);
    assert.equal(pool.useFile(user).members.access_token, '');
  }
  assert.equal(pool.credd.isStuck, false);
  assert.match(pool.log(), /alice\/scitokens has an empty token for now/);

  const [key, made] = ['scitokens-private.pem', 'made.pem'].map((name) => join(pool.base, name)) as [
    string,
    string,
  ];
  const { generateSigningKey } = await import('../../src/tokens/index.ts');
  writeFileSync(made, (await generateSigningKey('ES256')).export({ type: 'sec1', format: 'pem' }), {
    mode: 0o600,
  });
  renameSync(made, key);
  await eventually(
    () => ['alice', 'bob'].every((user) => pool.useFile(user).members.access_token !== ''),
    'tokens for those who had none',
    90_000,
  );
});
