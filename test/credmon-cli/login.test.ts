import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { startAuthorizationServer } from '../support/authorization-server.ts';
import { until } from '../support/credential-directory.ts';
import { startCredmonProcess } from '../support/credmon-process.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { workspace } from '../support/workspace.ts';

test('a login with a device code is stored sealed and renewed; unsealed and sealed again it is the same token', async (t) => {
  const server = await startAuthorizationServer();
  t.after(() => server.close());
  const base = workspace(t);
  const place = (name: string, contents: string): string => {
    writeFileSync(join(base, name), contents, { mode: 0o600 });
    return join(base, name);
  };
  const config = [
    `LATCHKEY_CREDMON_STATE = ${base}/state`,
    `mytokens_CLIENT_ID = ${server.client('post').clientId}`,
    `mytokens_CLIENT_SECRET_FILE = ${place('secret', server.clientSecret('post'))}`,
    `mytokens_ISSUER = ${server.issuer}`,
    `mytokens_CA_FILE = ${place('ca.pem', server.ca)}`,
  ];
  const monitor = startCredmonProcess(t, { base, config });
  await monitor.complete();
  const env = { PATH: process.env.PATH ?? '', CONDOR_CONFIG: join(base, 'condor_config') };
  const latchkey = async (...args: string[]) => {
    const run = await runProgram(process.execPath, [latchkeyExecutable, 'credmon', ...args], {
      env,
      cwd: base,
    });
    return { code: run.code, text: run.stdout.toString(), stderr: run.stderr.toString() };
  };

  const args = [
    'login',
    'mytokens',
    '-u',
    'alice',
    '--handle',
    'read',
    '--scopes',
    'openid offline_access read:/public',
    '--audience',
    'https://storage.example',
  ];
  const child = spawn(process.execPath, [latchkeyExecutable, 'credmon', ...args], { env, cwd: base });
  let said = '';
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    said += chunk;
  });
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    printed += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const code = await until(() => /confirm the code (\S+) there as alice/.exec(said)?.[1], 'the code');
  await server.approveDevice(code, 'alice@idp');
  assert.equal(await ended, 0, said);
  assert.match(printed, /✔ alice\/mytokens_read is stored/);

  const top = join(monitor.path, 'alice/mytokens_read.top');
  const stored = JSON.parse(readFileSync(top, 'utf8'));
  assert.equal(stored.scopes, 'openid offline_access read:/public');
  assert.equal(stored.audience, 'https://storage.example');
  assert.match(stored.refresh_token, /^latchkey-sealed:v1:/);
  const renewed = await latchkey('renew', 'alice/mytokens_read');
  assert.equal(renewed.code, 0, renewed.text + renewed.stderr);

  const running = await latchkey('unseal');
  assert.match(running.stderr, /the monitor runs.*\n {2}hint: stop it first/);
  monitor.child.kill('SIGTERM');
  await monitor.ended;
  assert.match((await latchkey('unseal')).text, /✔ 1 refresh token unsealed/);
  const clear = JSON.parse(readFileSync(top, 'utf8'));
  assert.doesNotMatch(clear.refresh_token, /sealed/);
  assert.equal(clear.scopes, stored.scopes);
  assert.match((await latchkey('unseal')).text, /✔ 0 refresh tokens unsealed/);
  assert.match((await latchkey('seal')).text, /✔ 1 refresh token sealed/);
  assert.match(JSON.parse(readFileSync(top, 'utf8')).refresh_token, /^latchkey-sealed:v1:/);

  const again = startCredmonProcess(t, { base, config });
  await again.complete();
  const after = await latchkey('renew', 'alice/mytokens_read');
  assert.equal(after.code, 0, after.text + after.stderr);
});

test('a login without a user, at a provider without logins, or at none', async (t) => {
  const monitor = startCredmonProcess(t);
  await monitor.complete();
  const env = { PATH: process.env.PATH ?? '', CONDOR_CONFIG: join(monitor.base, 'condor_config') };
  for (const [args, expected] of [
    [['mytokens'], /for which local user/],
    [['scitokens', '-u', 'alice'], /nobody logs in at "scitokens"/],
    [['mytokens', '-u', '../x'], /for which local user/],
  ] as const) {
    const run = await runProgram(process.execPath, [latchkeyExecutable, 'credmon', 'login', ...args], {
      env,
    });
    assert.notEqual(run.code, 0);
    assert.match(run.stderr.toString(), expected);
  }
});
