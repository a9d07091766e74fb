// The brief's examples, line by line, as they stand in examples/contexts: against servers on loopback that stand for the machines named there.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { build } from 'esbuild';
import { type RunResult, runProgram, Secret, systemClock } from '../../src/kit/index.ts';
import { MyProxyClient } from '../../src/myproxy/index.ts';
import { startEc2Endpoint } from '../support/ec2-endpoint.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { makeGsissh } from '../support/gsissh.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { startSocketServer } from '../support/socket-server.ts';
import { type SshGround, startSshd, throwAwayUser } from '../support/sshd.ts';
import { type StandInScheduler, standInScheduler } from '../support/stand-in-scheduler.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

const PASS_PHRASE = 'correct horse battery';

/** Runs an example with `latchkey/…` meaning this checkout's sources. */
async function runExample(t: TestContext, name: string, env: NodeJS.ProcessEnv): Promise<RunResult> {
  // Beside the installed packages, which it needs.
  const outfile = join(repositoryRoot, '.build', `example-${name}-${process.pid}.mjs`);
  t.after(() => rmSync(outfile, { force: true }));
  await build({
    entryPoints: [join(repositoryRoot, 'examples/contexts', `${name}.ts`)],
    ...{
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      target: 'node20',
      logLevel: 'warning',
    },
    alias: Object.fromEntries(
      ['session', 'jobs'].map((room) => [`latchkey/${room}`, join(repositoryRoot, 'src', room, 'index.ts')]),
    ),
  });
  const run = await runProgram(process.execPath, [outfile], { env, timeoutMs: 60_000 });
  assert.equal(run.code, 0, run.stderr.toString());
  return run;
}

/** The machines of the brief are gone: an ssh in front of PATH leads their names to the local sshd. */
function stage(
  sshd: SshGround,
  host: string,
): { home: string; bin: string; words: string[]; env: NodeJS.ProcessEnv } {
  const home = join(sshd.directory, 'home');
  const bin = join(sshd.directory, 'bin');
  for (const directory of [home, bin, join(home, '.ssh')])
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  const known = join(home, 'known_hosts');
  const [type, bytes] = readFileSync(`${sshd.target.hostKey}.pub`, 'utf8').split(' ');
  writeFileSync(known, `${host} ${type} ${bytes}\n`);
  const { port } = sshd.target;
  const words = [
    `HostKeyAlias=${host}`,
    'HostName=127.0.0.1',
    `Port=${port}`,
    `UserKnownHostsFile=${known}`,
  ].map((setting) => `-o${setting}`);
  const ssh = findProgram('ssh');
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec ${ssh} ${words.join(' ')} "$@"\n`);
  chmodSync(join(bin, 'ssh'), 0o755);
  return { home, bin, words, env: { PATH: `${bin}:${process.env.PATH}`, HOME: home, MY_USER_ID: sshd.user } };
}

/** An sshd, and a user of this machine whose jobs run there. */
async function ground(t: TestContext, scheduler?: StandInScheduler) {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return undefined;
  if (process.getuid?.() !== 0) {
    t.skip('needs root, to make a user with a password');
    return undefined;
  }
  const { name: user, password } = throwAwayUser(t);
  const config = scheduler === undefined ? [] : [`SetEnv PATH=${scheduler.bin}:/usr/bin:/bin`];
  return { ...(await startSshd(t, { user, config })), user, password };
}

test('ssh.ts: an encrypted key of its own for the machine', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined) return;
  const { env, home } = stage(sshd, 'machine_x.futuregrid.org');
  copyFileSync(sshd.encryptedKey, join(home, '.ssh', 'key_for_machine_x'));
  const { stdout } = await runExample(t, 'ssh', { ...env, MY_KEY_PASS: sshd.passPhrase });
  assert.equal(stdout.toString(), `${sshd.user}\n`);
});

test('user-pass.ts: a login name and a password', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined) return;
  const { env } = stage(sshd, 'machine_y.futuregrid.org');
  const { stdout } = await runExample(t, 'user-pass', { ...env, MY_USER_PASS: sshd.password });
  assert.equal(stdout.toString(), `${sshd.user}\n`);
});

async function gridStage(t: TestContext, host: string, scheduler?: StandInScheduler) {
  const sshd = await ground(t, scheduler);
  if (sshd === undefined || !havePeers(t, 'openssl')) return undefined;
  const { env, home, bin, words } = stage(sshd, host);
  const grid = await makeGrid(join(sshd.directory, 'grid'));
  // The account that a grid-mapfile would give.
  await makeGsissh({ directory: bin, key: sshd.key, words: [...words, `-oUser=${sshd.user}`] });
  return { sshd, grid, home, env: { ...env, X509_CERT_DIR: grid.trustDirectory } };
}

async function store(port: number, grid: Grid, env: NodeJS.ProcessEnv): Promise<MyProxyClient> {
  const identity = { certFile: grid.user.certificate, keyFile: grid.user.key };
  const client = new MyProxyClient({ env, hostname: `localhost:${port}`, identity });
  await client.put({ username: 'johndoe', passphrase: new Secret(PASS_PHRASE) });
  return client;
}

test('x509.ts: an existing proxy, by a stand-in of gsissh', async (t) => {
  const scene = await gridStage(t, 'machine_y.futuregrid.org');
  if (scene === undefined) return;
  const { sshd, grid, env, home } = scene;
  const server = await startSocketServer(t, grid);
  const client = await store(server.port, grid, server.env);
  const { credential } = await client.logon({ username: 'johndoe', passphrase: new Secret(PASS_PHRASE) });
  const proxy = await MyProxyClient.writeProxyFile(credential, join(home, 'proxy'));
  const { stdout } = await runExample(t, 'x509', { ...env, MY_PROXY: proxy });
  assert.equal(stdout.toString(), `${sshd.user}\n`);
});

test('my-proxy.ts: a proxy from our own server, by stand-ins of gsissh and PBS', async (t) => {
  const scheduler = standInScheduler(t, 'pbspro');
  // The user of the machine works in it.
  chmodSync(dirname(scheduler.bin), 0o777);
  for (const file of ['clock', 'kind']) chmodSync(join(dirname(scheduler.bin), file), 0o666);
  const scene = await gridStage(t, 'gsissh.kraken.nics.xsede.org', scheduler);
  if (scene === undefined) return;
  const { sshd, grid, env } = scene;
  const passing = setInterval(() => scheduler.pass(10), 200);
  t.after(() => clearInterval(passing));
  const server = await startSocketServer(t, grid);
  await store(server.port, grid, server.env);
  const nowhere = join(sshd.directory, 'nowhere');
  const { stdout } = await runExample(t, 'my-proxy', {
    ...{ ...env, X509_USER_PROXY: nowhere, X509_USER_CERT: nowhere, X509_USER_KEY: nowhere },
    ...{ MY_USER_ID: 'johndoe', MY_USER_PASS: PASS_PHRASE, MY_MYPROXY_SERVER: `localhost:${server.port}` },
  });
  assert.equal(stdout.toString(), `${sshd.user}\n`);
});

test('ec2.ts: the key pair is registered by its public half', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const endpoint = await startEc2Endpoint(t, { clock: systemClock });
  const home = workspace(t);
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  const key = join(home, '.ssh', 'ec2_key');
  await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const { access } = endpoint;
  const { stdout } = await runExample(t, 'ec2', {
    ...{ PATH: process.env.PATH, HOME: home, MY_EC2_URL: endpoint.url },
    ...{ MY_ACCESS_KEY_ID: access.accessKeyId, MY_SECRET_ACCESS_KEY: access.secretAccessKey.revealText() },
  });
  assert.match(
    stdout.toString(),
    /^EC2 1: .*\nEC2_KEYPAIR 1: key pair "KeyName", .*ec2_key\nSSH 1: .*SHA256:/,
  );
  assert.deepEqual(
    endpoint.requests.map(({ action }) => action),
    ['DescribeKeyPairs', 'ImportKeyPair'],
  );
});
