import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { modeOf, until } from '../support/credential-directory.ts';
import { startCredmonProcess } from '../support/credmon-process.ts';
import { parseExposition } from '../support/exposition-parser.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { workspace } from '../support/workspace.ts';

function askSocket(socketPath: string, path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    httpRequest({ socketPath, path }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode, body }));
    })
      .once('error', reject)
      .end();
  });
}

/** Nothing for the moment between a dead monitor's file and the next one's. */
function pidIn(directory: string): number | undefined {
  const path = join(directory, 'pid');
  try {
    return Number.parseInt(readFileSync(path, 'latin1'), 10);
  } catch {
    return undefined;
  }
}

/** As credd does it. */
function request(path: string, user: string, name = 'scitokens.top'): void {
  mkdirSync(join(path, user), { recursive: true, mode: 0o700 });
  writeFileSync(join(path, user, name), `${user}@foo`, { mode: 0o600 });
}

test('first start: key, pid, COMPLETE; SIGHUP brings the .use; SIGTERM ends it within a second with 0', async (t) => {
  const monitor = startCredmonProcess(t);
  await monitor.complete();
  const { path, base, child } = monitor;
  assert.equal(readFileSync(join(path, 'pid'), 'latin1'), String(child.pid), 'as kill $(cat pid) needs it');
  assert.equal(modeOf(join(path, 'pid')), '644');

  const privatePem = readFileSync(join(base, 'scitokens-private.pem'), 'utf8');
  assert.match(privatePem, /^-----BEGIN EC PRIVATE KEY-----/);
  assert.equal(modeOf(join(base, 'scitokens-private.pem')), '600');
  assert.equal(modeOf(join(base, 'scitokens.pem')), '644');
  const publicKey = createPublicKey(readFileSync(join(base, 'scitokens.pem')));
  assert.ok(publicKey.equals(createPublicKey(createPrivateKey(privatePem))));

  request(path, 'alice');
  child.kill('SIGHUP');
  const use = join(path, 'alice', 'scitokens.use');
  await until(() => existsSync(use));
  assert.equal(modeOf(use), '400');
  assert.equal(statSync(use).uid, process.geteuid?.());
  await until(() => /LOCAL: Successfully renewed alice\/scitokens/.test(monitor.log()));
  assert.match(monitor.log(), /^\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d /);

  const asked = Date.now();
  child.kill('SIGTERM');
  assert.equal(await monitor.ended, 0);
  assert.ok(Date.now() - asked < 5_000);
  assert.ok(!existsSync(join(path, 'pid')));
});

for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
  test(`${signal} ends it with 0`, async (t) => {
    const monitor = startCredmonProcess(t);
    await monitor.complete();
    monitor.child.kill(signal);
    assert.equal(await monitor.ended, 0);
  });
}

test('a directory that others may enter is refused, and nothing is written there', async (t) => {
  const monitor = startCredmonProcess(t, { mode: 0o2771 });
  assert.equal(await monitor.ended, 1);
  assert.match(monitor.log(), /open to others \(mode 2771\)/);
  assert.deepEqual(readdirSync(monitor.path), []);
});

test('a directory that is not there is made, 2770', async (t) => {
  const monitor = startCredmonProcess(t, { mode: undefined });
  await monitor.complete();
  assert.equal(modeOf(monitor.path), '2770');
});

test('a configuration that no new start mends ends with 99, a log that cannot be written with 44', async (t) => {
  const hopeless = startCredmonProcess(t, { config: ['LOCAL_CREDMON_PROVIDER_NAMES = bad_name'] });
  assert.equal(await hopeless.ended, 99);
  assert.match(hopeless.stderr(), /bad_name/);
  const mute = startCredmonProcess(t, { config: ['CREDMON_OAUTH_LOG = /nonexistent/log'] });
  assert.equal(await mute.ended, 44);
});

test('a second monitor on the same directory is refused; after kill -9 the next one takes over', async (t) => {
  const first = startCredmonProcess(t);
  await first.complete();
  const second = startCredmonProcess(t, { base: first.base });
  assert.equal(await second.ended, 1);
  assert.match(first.log(), new RegExp(`process ${first.child.pid} serves`));
  assert.equal(first.child.exitCode, null);
  first.child.kill('SIGKILL');
  await first.ended;
  assert.ok(existsSync(join(first.path, 'pid')), 'left behind');
  const third = startCredmonProcess(t, { base: first.base });
  await until(() => pidIn(first.path) === third.child.pid);

  // A number that is used again: its process is younger than the file.
  third.child.kill('SIGKILL');
  await third.ended;
  const elsewhere = startCredmonProcess(t);
  await elsewhere.complete();
  writeFileSync(join(first.path, 'pid'), String(elsewhere.child.pid));
  utimesSync(join(first.path, 'pid'), new Date(), new Date(Date.now() - 60_000));
  const fourth = startCredmonProcess(t, { base: first.base });
  await until(() => pidIn(first.path) === fourth.child.pid);
});

test('what condor_master hands down is forgotten: in the environment, and in the memory behind it', async (t) => {
  const secret = 'SessionKey:0123456789abcdef-canary';
  const monitor = startCredmonProcess(t, {
    env: { CONDOR_PRIVATE_INHERIT: secret, CONDOR_INHERIT: '1 <127.0.0.1:1?canary> 0 0', LAST: 'kept' },
  });
  await monitor.complete();
  const environment = readFileSync(`/proc/${monitor.child.pid}/environ`, 'latin1');
  assert.ok(!environment.includes('canary'), environment);
  assert.ok(environment.includes('CONDOR_CONFIG='));
  assert.ok(environment.includes('LAST=kept'));
  assert.ok(!monitor.log().includes('canary'));
});

test('flags: -c and -l win over the configuration, -n names the daemon, -d says more', async (t) => {
  const elsewhere = (base: string): string => join(base, 'elsewhere');
  const monitor = startCredmonProcess(t, {
    config: ['OTHER_NAME_LOG = /nonexistent/log'],
    before: (base) => {
      mkdirSync(elsewhere(base));
      chmodSync(elsewhere(base), 0o2770);
    },
    get args(): string[] {
      return ['-n', 'other_name', '-d'];
    },
  });
  assert.equal(await monitor.ended, 44, 'the log of that name');
  const flagged = startCredmonProcess(t, {
    base: monitor.base,
    args: ['-c', elsewhere(monitor.base), '--log-file', join(monitor.base, 'log'), '-v'],
  });
  await until(() => existsSync(join(elsewhere(monitor.base), 'CREDMON_COMPLETE')));
  await until(() => readFileSync(join(monitor.base, 'log'), 'utf8').includes('D_FULLDEBUG'));
  flagged.child.kill('SIGTERM');
  assert.equal(await flagged.ended, 0);
});

test('another directory in the place of the first ends it with 1, and no lease is taken for deleted', async (t) => {
  const monitor = startCredmonProcess(t);
  await monitor.complete();
  rmSync(monitor.path, { recursive: true });
  monitor.child.kill('SIGHUP');
  assert.equal(await monitor.ended, 1);
  assert.match(monitor.log(), /the credential directory .* is gone/);
});

test('links, devices and odd names are not followed, and the neighbours are served', async (t) => {
  const monitor = startCredmonProcess(t, {
    before: (base) => {
      const path = join(base, 'credentials');
      const outside = join(base, 'outside');
      mkdirSync(outside);
      writeFileSync(join(outside, 'scitokens.top'), 'x');
      symlinkSync(outside, join(path, 'mallory'));
      mkdirSync(join(path, '..hidden'), { mode: 0o700 });
      mkdirSync(join(path, 'space name'), { mode: 0o700 });
      request(path, 'bob');
      symlinkSync(join(outside, 'scitokens.top'), join(path, 'bob', 'scitokens_link.top'));
      mkdirSync(join(path, 'bob', 'scitokens_dir.top'));
      writeFileSync(join(path, 'bob', 'scitokens_.top'), '');
      writeFileSync(join(path, 'bob', '.top'), '');
      writeFileSync(join(path, 'bob', 'nobody.top'), '');
      writeFileSync(join(path, 'bob', 'mine.use'), 'my own token\n');
    },
  });
  await monitor.complete();
  assert.deepEqual(readdirSync(join(monitor.base, 'outside')), ['scitokens.top']);
  const files = readdirSync(join(monitor.path, 'bob')).filter((name) => name.endsWith('.use'));
  assert.deepEqual(files.sort(), ['mine.use', 'scitokens.use']);
  assert.equal(readFileSync(join(monitor.path, 'bob', 'mine.use'), 'utf8'), 'my own token\n');
});

test('latchkey credmon run: the same from a latchkey.toml, without HTCondor', async (t) => {
  const base = workspace(t);
  const path = join(base, 'credentials');
  const config = join(base, 'latchkey.toml');
  writeFileSync(
    config,
    `[credmon]\ndirectory = "credentials"\n\n[credmon.local.scitokens]\nprivate_key = "key.pem"\naudience = ["https://data.example"]\n`,
  );
  const child = spawn(process.execPath, [latchkeyExecutable, 'credmon', 'run', '-c', config, '--log', '-'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => existsSync(join(path, 'CREDMON_COMPLETE')) || child.exitCode !== null, said);
  assert.match(said, /serves/);
  child.kill('SIGINT');
  assert.equal(await ended, 0);
});

test('the program as it is shipped tells its metrics, and its process\u2019s', async (t) => {
  const base = workspace(t);
  const socket = join(base, 'state', 'control.sock');
  const monitor = startCredmonProcess(t, {
    base,
    config: [`LATCHKEY_CREDMON_STATE = ${join(base, 'state')}`],
  });
  await monitor.complete();
  await until(() => existsSync(socket));
  const { status, body } = await askSocket(socket, '/metrics');
  assert.equal(status, 200, body);
  const families = parseExposition(body);
  for (const name of ['latchkey_build_info', 'process_cpu_seconds_total'])
    assert.ok(families.has(name), name);
  monitor.child.kill('SIGTERM');
  assert.equal(await monitor.ended, 0);
});

test('after log rotation, SIGHUP begins a new audit file', async (t) => {
  const base = workspace(t);
  const audit = join(base, 'state', 'audit.jsonl');
  const monitor = startCredmonProcess(t, {
    base,
    config: [`LATCHKEY_CREDMON_STATE = ${join(base, 'state')}`],
  });
  await monitor.complete();
  const told = (file: string, user: string): boolean =>
    existsSync(file) && readFileSync(file, 'utf8').includes(`"${user}/scitokens"`);
  request(monitor.path, 'alice');
  monitor.child.kill('SIGHUP');
  await until(() => told(audit, 'alice'));
  renameSync(audit, `${audit}.1`);
  monitor.child.kill('SIGHUP');
  await until(() => existsSync(audit));
  request(monitor.path, 'bob');
  monitor.child.kill('SIGHUP');
  await until(() => told(audit, 'bob'));
  assert.ok(told(`${audit}.1`, 'alice') && !told(`${audit}.1`, 'bob'));
  assert.equal(modeOf(audit), '600');
  monitor.child.kill('SIGTERM');
  assert.equal(await monitor.ended, 0);
});

test('a state directory that cannot be had: tokens are signed all the same, and nothing hangs', async (t) => {
  for (const place of ['/proc/latchkey-state', '/dev/null/state']) {
    const monitor = startCredmonProcess(t, { config: [`LATCHKEY_CREDMON_STATE = ${place}`] });
    await monitor.complete();
    await until(() => /the state directory is not there: cannot make/.test(monitor.log()));
    request(monitor.path, 'alice');
    monitor.child.kill('SIGHUP');
    await until(() => existsSync(join(monitor.path, 'alice', 'scitokens.use')));
    monitor.child.kill('SIGTERM');
    assert.equal(await monitor.ended, 0);
  }
});
