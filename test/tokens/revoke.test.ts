import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { beginDeviceLogin, pollDeviceLogin, refreshAccessToken } from '../../src/oauth/index.ts';
import { startAuthorizationServer } from '../support/authorization-server.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { runBounded } from '../support/scitokens.ts';
import { workspace } from '../support/workspace.ts';

test('token revoke ends a grant at the server that gave the token; a token that the server cannot call back is said to be one', async (t) => {
  const directory = workspace(t);
  const server = await startAuthorizationServer();
  t.after(() => server.close());
  const at = (name: string): string => join(directory, name);
  writeFileSync(at('ca.pem'), server.ca);
  writeFileSync(at('secret'), `${server.clientSecret('basic')}\n`, { mode: 0o600 });
  const client = server.client('basic');
  const login = await beginDeviceLogin(client, { scope: 'openid offline_access' });
  await server.approveDevice(login.userCode, 'jane');
  const { accessToken, refreshToken } = await pollDeviceLogin(client, login);
  assert.ok(refreshToken);
  writeFileSync(at('refresh'), refreshToken.reveal(), { mode: 0o600 });
  writeFileSync(at('access'), accessToken.reveal(), { mode: 0o600 });
  // The server is in this process, so the command must not hold it up.
  const revoke = (file: string, ...more: string[]) => {
    const options = [
      '--client-id',
      'latchkey-basic',
      '--client-secret-file',
      at('secret'),
      '--ca',
      at('ca.pem'),
    ];
    const argv = [
      process.execPath,
      latchkeyExecutable,
      'token',
      'revoke',
      at(file),
      ...options,
      ...more,
      '--json',
    ];
    return runBounded(argv, { ...process.env, HOME: directory });
  };
  const unnamed = await revoke('refresh');
  assert.equal(unnamed.code, 2, 'a refresh token does not say whose it is');
  const done = await revoke('refresh', '--refresh-token', '--issuer', server.issuer);
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(JSON.parse(done.stdout), { origin: at('refresh'), issuer: server.issuer, revoked: true });
  await assert.rejects(refreshAccessToken(client, refreshToken), { code: 'oauth/invalid-grant' });

  // Whoever made the token could have named a server of his own in it.
  const undecided = await revoke('access');
  assert.equal(undecided.code, 2, undecided.stderr);
  assert.match(undecided.stderr, /--issuer is missing/);
  // oidc-provider revokes no JWTs.
  const refused = await revoke('access', '--issuer', server.issuer);
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(refused.stderr, /unsupported_token_type/);
  for (const secret of [accessToken.revealText(), refreshToken.revealText(), server.clientSecret('basic')]) {
    for (const run of [unnamed, done, refused]) assert.ok(!`${run.stdout}${run.stderr}`.includes(secret));
  }
  chmodSync(at('secret'), 0o644);
  assert.match(
    (await revoke('access', '--issuer', server.issuer)).stderr,
    /others can read the client secret file/,
  );
});
