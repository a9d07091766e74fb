import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from '../../src/kit/index.ts';
import { beginAuthorization, finishAuthorization } from '../../src/oauth/index.ts';
import { discoverKeys, verifyToken } from '../../src/tokens/index.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const SCOPE = 'openid offline_access storage.read:/user/alice';
const AUDIENCE = 'https://storage.example';

let server: AuthorizationServer;
before(async () => {
  server = await startAuthorizationServer();
});
after(() => server.close());

/** An oidc-agent of its own in a private directory, and its tools as functions. */
async function startAgent(t: TestContext) {
  const directory = workspace(t);
  const socket = join(directory, 'agent.sock');
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, server.ca);
  mkdirSync(join(directory, 'config'), { mode: 0o700 });
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    OIDC_CONFIG_DIR: join(directory, 'config'),
    OIDC_SOCK: socket,
    OIDC_ENCRYPTION_PW: 'for this test',
  };
  const agent = spawn('oidc-agent', ['--console', '-a', socket], { env, stdio: 'ignore' });
  t.after(async () => {
    const gone = new Promise((resolve) => agent.once('close', resolve));
    if (agent.exitCode === null && agent.kill('SIGTERM')) await gone;
  });
  await until(() => existsSync(socket), 'the agent listens');
  const registration = [
    `--iss=${server.issuer}/`,
    '--client-id=latchkey-basic',
    `--client-secret=${server.clientSecret('basic')}`,
    `--cp=${caFile}`,
    `--scope=${SCOPE}`,
    ...['--pw-env', '--prompt=none', '--confirm-default'],
  ];
  const token = async (account: string): Promise<string> => {
    const run = await runProgram('oidc-token', [account], { env, timeoutMs: 30_000 });
    assert.equal(run.code, 0, run.stderr.toString());
    return run.stdout.toString().trim();
  };
  return { env, registration, token };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (condition()) return;
    await delay(50);
  }
  assert.fail(`not within 30 s: ${what}`);
}

/** Our verifier, by discovery, as a storage server would use it. */
async function verify(token: string): Promise<void> {
  const report = await verifyToken(token, {
    keys: discoverKeys({ now: () => new Date(), ca: server.ca }),
    issuers: [server.issuer],
    audience: [AUDIENCE],
    now: new Date(),
  });
  assert.deepEqual(report.findings, []);
  assert.equal(report.token?.subject, 'alice');
  assert.equal(report.token?.claims.scope, 'storage.read:/user/alice');
}

test('oidc-agent refreshes with a refresh token of our code flow; our verifier accepts what it gets', async (t) => {
  if (!havePeers(t, 'oidc-agent', 'oidc-gen', 'oidc-token')) return;
  const { env, registration, token } = await startAgent(t);
  const client = server.client('basic');
  const redirectUri = 'https://localhost:9/return';
  // OpenID Connect Core §11: offline_access needs a prompt for consent.
  const parameters = { prompt: 'consent' };
  const { url, pending } = await beginAuthorization(client, { redirectUri, scope: SCOPE, parameters });
  const callback = await server.logIn(url, { user: 'alice', redirectUri });
  const { refreshToken, accessToken } = await finishAuthorization(client, pending, callback);
  await verify(accessToken.revealText());
  const run = await runProgram('oidc-gen', [...registration, `--rt=${refreshToken?.revealText()}`, 'mine'], {
    env,
    timeoutMs: 60_000,
  });
  assert.equal(run.code, 0, `${run.stdout}${run.stderr}`);
  await verify(await token('mine'));
});

test('oidc-agent logs in by the device flow; our verifier accepts what it gets', async (t) => {
  if (!havePeers(t, 'oidc-agent', 'oidc-gen', 'oidc-token')) return;
  const { env, registration, token } = await startAgent(t);
  const generator = spawn('oidc-gen', [...registration, '--flow=device', 'device'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  let said = '';
  for (const stream of [generator.stdout, generator.stderr]) stream.on('data', (chunk) => (said += chunk));
  const code = () => /\b[A-Z]{4}-[A-Z]{4}\b/.exec(said)?.[0];
  await until(() => code() !== undefined || generator.exitCode !== null, 'it shows a code');
  await server.approveDevice(code() ?? assert.fail(said), 'alice');
  assert.equal(await exitCode(generator), 0, said);
  await verify(await token('device'));
});

function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('close', resolve));
}
