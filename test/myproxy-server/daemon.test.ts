import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from '../../src/kit/index.ts';
import { openConfig } from '../support/c-server.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { linkOurTools } from '../support/our-tools.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { readAll, requestBytes, tlsClient } from '../support/socket-server.ts';
import { workspace } from '../support/workspace.ts';

let grid: Grid;
let program: string;
before(async (t) => {
  if (findProgram('openssl') === undefined) return;
  const directory = workspace(t as unknown as TestContext);
  grid = await makeGrid(join(directory, 'grid'));
  program = join(linkOurTools(join(directory, 'bin'), ['myproxy-server']), 'myproxy-server');
});

/** A place for one daemon: files, options and environment. */
function place(t: TestContext, config = openConfig(grid.trustDirectory)) {
  // Registered first: once the directory is gone, nobody knows the process any more.
  t.after(() => stop());
  const directory = workspace(t);
  const path = (name: string) => join(directory, name);
  mkdirSync(path('store'), { mode: 0o700 });
  writeFileSync(path('config'), config);
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    LATCHKEY_LOG: path('log'),
    X509_CERT_DIR: grid.trustDirectory,
    X509_USER_CERT: grid.host.certificate,
    X509_USER_KEY: grid.host.key,
  };
  const args = [
    '-s',
    path('store'),
    '-c',
    path('config'),
    '-l',
    '127.0.0.1',
    '-p',
    '0',
    '-P',
    path('pid'),
    '-z',
    path('port'),
  ];
  const start = (more: readonly string[] = []) =>
    runProgram(program, [...args, ...more], { env, timeoutMs: 60_000 });
  const pid = () => Number(readFileSync(path('pid'), 'utf8'));
  const stop = async () => {
    if (!existsSync(path('pid'))) return;
    process.kill(pid(), 'SIGTERM');
    await until(() => !existsSync(path('pid')), 'the pid file is gone');
  };
  return { path, env, args, start, pid, stop, port: () => Number(readFileSync(path('port'), 'utf8')) };
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    assert.ok(tries < 100, `waited 10 s until ${what}`);
    await delay(100);
  }
}

async function askTrustRoots(port: number): Promise<string> {
  const client = await tlsClient(port);
  client.write('0');
  client.write(requestBytes({ command: 'TRUSTROOTS', username: '' }));
  return readAll(client);
}

test('daemonises, writes pid and port, serves, and goes away tidily', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const daemon = place(t);
  const started = await daemon.start();
  assert.equal(started.code, 0, started.stderr.toString());
  assert.match(readFileSync(daemon.path('pid'), 'latin1'), /^\d+$/);
  assert.equal(statSync(daemon.path('pid')).mode & 0o777, 0o600);
  assert.match(readFileSync(daemon.path('port'), 'latin1'), /^\d+\n$/);
  assert.match(await askTrustRoots(daemon.port()), /RESPONSE=0\nTRUSTED_CERTS=/);
  await daemon.stop();
  assert.match(
    readFileSync(daemon.path('log'), 'utf8'),
    /myproxy-server\[\d+\]: Received GET TRUSTROOTS request/,
  );
  assert.equal(statSync(daemon.path('log')).mode & 0o777, 0o600);
});

test('a second one with the same pid file is refused; a stale pid file is not in the way', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const daemon = place(t);
  writeFileSync(daemon.path('pid'), '999999999');
  assert.equal((await daemon.start()).code, 0);
  const second = await daemon.start();
  assert.equal(second.code, 1);
  assert.match(second.stderr.toString(), new RegExp(`Daemon already running, pid=${daemon.pid()}, pidfile=`));
  assert.match(await askTrustRoots(daemon.port()), /RESPONSE=0/);
});

test('what cannot work is said before the starter ends', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      'trusted_retrievers "*"\n',
      /unsafe policy: trusted_retrievers is \* but default_trusted_retrievers is not set/,
    ],
    ['max_proxy_lifetime many\n', /max_proxy_lifetime/],
    ['cert_dir /nowhere/at/all\n', /\/nowhere\/at\/all/],
  ];
  for (const [config, expected] of cases) {
    const daemon = place(t, config);
    const started = await daemon.start();
    assert.equal(started.code, 1, config);
    assert.match(started.stderr.toString(), expected);
    assert.equal(existsSync(daemon.path('pid')), false);
  }
  const open = place(t);
  chmodSync(open.path('store'), 0o755);
  const started = await open.start();
  assert.equal(started.code, 1);
  assert.match(started.stderr.toString(), /permissions on .* must be 0700/);
});

test('a changed configuration is taken, a bad one leaves the old in force and is told', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const daemon = place(t);
  await daemon.start();
  const log = () => readFileSync(daemon.path('log'), 'utf8');
  writeFileSync(daemon.path('config'), 'authorized_retrievers "/O=Nobody/*"\n');
  process.kill(daemon.pid(), 'SIGHUP');
  await until(() => /reading configuration file/.test(log()), 'the new configuration is read');
  assert.match(await askTrustRoots(daemon.port()), /RESPONSE=1\nERROR="<anonymous>" not authorized/);
  writeFileSync(daemon.path('config'), 'trusted_retrievers "*"\n');
  process.kill(daemon.pid(), 'SIGHUP');
  await until(
    () => /configuration not reloaded, the old one stays in force/.test(log()),
    'the bad one is told',
  );
  assert.match(await askTrustRoots(daemon.port()), /RESPONSE=1\nERROR="<anonymous>" not authorized/);
  writeFileSync(daemon.path('config'), openConfig(grid.trustDirectory));
  await delay(600);
  assert.match(await askTrustRoots(daemon.port()), /RESPONSE=1/, 'too fresh: it might be half of a file');
  await delay(600);
  assert.match(await askTrustRoots(daemon.port()), /RESPONSE=0/, 'noticed without a signal');
  await until(() => log().match(/reading configuration file/g)?.length === 2, 'each version is read once');
  assert.equal(log().match(/configuration not reloaded/g)?.length, 1, 'and told once');
});

test('-d stays in front, serves one connection, logs to standard error', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const daemon = place(t);
  const child = spawn(program, [...daemon.args, '-d'], {
    env: daemon.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill());
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await until(() => existsSync(daemon.path('port')), 'it listens');
  assert.match(await askTrustRoots(daemon.port()), /RESPONSE=0/);
  assert.equal(await ended, 0);
  assert.match(said, /Received GET TRUSTROOTS request/);
  assert.equal(existsSync(daemon.path('pid')), false);
});

test('an idle daemon is small', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const daemon = place(t);
  await daemon.start();
  await delay(1_000);
  const status = readFileSync(`/proc/${daemon.pid()}/status`, 'utf8');
  const megabytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  assert.ok(megabytes < 90, `${megabytes} MB`);
});
