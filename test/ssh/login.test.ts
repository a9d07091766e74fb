import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { openSsh, type SshOptions } from '../../src/ssh/index.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { endTree } from '../support/processes.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { sshDirectories } from '../support/ssh-processes.ts';
import { startSshd, throwAwayUser } from '../support/sshd.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];

/** Logs in, asks who it is, and says how many logins the server saw by which method. */
async function whoAmI(t: TestContext, options: SshOptions): Promise<string> {
  const connection = await openSsh(options);
  t.after(() => connection.close());
  const { stdout } = await connection.run(['id', '-un']);
  await connection.close();
  return stdout.toString().trim();
}

/** The error of a login that must fail. */
async function refused(options: SshOptions, code: Parameters<typeof isLatchkeyError>[1]) {
  try {
    const connection = await openSsh(options);
    await connection.close();
  } catch (error) {
    assert.ok(isLatchkeyError(error, code), `${error}`);
    assert.ok(error.hint, 'it says what to do');
    return error;
  }
  assert.fail('it let us in');
}

test('an unknown host key is refused, before any key is offered', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const empty = join(ground.directory, 'empty');
  writeFileSync(empty, '');
  const options = {
    ...sshOptions(ground),
    hostKeys: { policy: 'strict', knownHostsFiles: [empty] } as const,
  };
  const error = await refused(options, 'ssh/host-key');
  assert.equal(error.details.reason, 'unknown');
  assert.doesNotMatch(ground.target.log(), /Accepted|Failed|publickey/);
  assert.equal(readFileSync(empty, 'utf8'), '');

  const accepting = { ...options, hostKeys: { ...options.hostKeys, policy: 'accept-new' } as const };
  assert.equal(await whoAmI(t, accepting), ground.user);
  assert.match(readFileSync(empty, 'utf8'), /ssh-ed25519/);
});

test('a changed host key is refused by both policies, with its fingerprint and the line of the old one', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const other = readFileSync(`${ground.strangerKey}.pub`, 'utf8').split(' ');
  const known = join(ground.directory, 'changed');
  writeFileSync(known, `# a comment\n[127.0.0.1]:${ground.target.port} ${other[0]} ${other[1]}\n`);
  for (const policy of ['strict', 'accept-new'] as const) {
    const error = await refused(
      { ...sshOptions(ground), hostKeys: { policy, knownHostsFiles: [known] } },
      'ssh/host-key',
    );
    assert.equal(error.details.reason, 'changed');
    const shown = execFileSync(findProgram('ssh-keygen') ?? '', ['-lf', `${ground.target.hostKey}.pub`], {
      encoding: 'utf8',
    });
    assert.ok(shown.includes(String(error.details.fingerprint)));
    assert.match(error.message, /line 2 of .*changed/);
  }
});

test('a key with a pass phrase opens by askpass; a wrong one is offered once, and none of it is anywhere', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const options = (passPhrase: string) =>
    sshOptions(ground, {
      identityFiles: [ground.encryptedKey],
      passPhrases: new Map([[ground.encryptedKey, new Secret(passPhrase)]]),
    });
  const connection = await openSsh(options(ground.passPhrase));
  t.after(() => connection.close());
  assert.equal((await connection.run(['true'])).exitCode, 0);
  await connection.close();

  const error = await refused(options('not it'), 'ssh/denied');
  assert.match(error.message, /the pass phrase of .*encrypted" is wrong/);
  assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes('not it'));
  const missing = await refused(sshOptions(ground, { identityFiles: [ground.encryptedKey] }), 'ssh/denied');
  assert.ok(missing);
});

test('a password is given at its prompt once; a wrong one is told with the methods that the server takes', async (t) => {
  if (!havePeers(t, ...PEERS, 'useradd', 'userdel', 'chpasswd')) return;
  const { name, password } = throwAwayUser(t);
  const ground = await startSshd(t, { user: name });
  const options = (given: string) =>
    sshOptions(ground, { identityFiles: [], password: () => new Secret(given) });
  assert.equal(await whoAmI(t, options(password)), name);
  const error = await refused(options('wrong'), 'ssh/denied');
  assert.deepEqual(error.details.methods, ['publickey', 'password']);
  const failed = ground.target.log().match(/Failed password/g) ?? [];
  assert.equal(failed.length, 1);
  const nothing = await refused(
    sshOptions(ground, { identityFiles: [], password: async () => undefined }),
    'ssh/denied',
  );
  assert.match(String(nothing.hint), /password/);
});

test('an agent, or only a certificate, lets in; a stranger stays outside', async (t) => {
  if (!havePeers(t, ...PEERS, 'ssh-agent', 'ssh-add')) return;
  const ground = await startSshd(t);
  const agentSocket = join(ground.directory, 'agent');
  const agent = spawn(findProgram('ssh-agent') ?? '', ['-D', '-a', agentSocket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => endTree(agent.pid ?? 0, ground.directory));
  await once(agent.stdout, 'data');
  execFileSync(findProgram('ssh-add') ?? '', ['-q', ground.key], {
    env: { ...process.env, SSH_AUTH_SOCK: agentSocket },
    stdio: 'ignore',
  });
  assert.equal(await whoAmI(t, sshOptions(ground, { agentSocket, isExclusive: false })), ground.user);

  assert.equal(
    await whoAmI(t, sshOptions(ground, { identityFiles: [ground.certifiedKey('certified')] })),
    ground.user,
  );
  const elsewhere = ground.newKey('elsewhere');
  execFileSync(findProgram('ssh-keygen') ?? '', [
    ...['-q', '-s', ground.ca, '-I', 'x', '-n', ground.user, `${elsewhere}.pub`],
  ]);
  const certificate = join(ground.directory, 'another-name.pub');
  copyFileSync(`${elsewhere}-cert.pub`, certificate);
  execFileSync('rm', [`${elsewhere}-cert.pub`]);
  assert.equal(
    await whoAmI(t, sshOptions(ground, { identityFiles: [elsewhere], certificateFiles: [certificate] })),
    ground.user,
  );

  const error = await refused(sshOptions(ground, { identityFiles: [ground.strangerKey] }), 'ssh/denied');
  assert.deepEqual(error.details.methods, ['publickey', 'password']);
  for (const validity of ['-2h:-1h']) {
    const expired = ground.certifiedKey('expired', ground.user, validity);
    await refused(sshOptions(ground, { identityFiles: [expired] }), 'ssh/denied');
  }
  await refused(
    sshOptions(ground, { identityFiles: [ground.certifiedKey('other', 'somebody')] }),
    'ssh/denied',
  );
});

test('a jump host is gone through with the same rules, and a changed key of it is refused', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const jump = await ground.jump();
  const options = { ...sshOptions(ground), jump: [{ host: jump.host, port: jump.port, user: ground.user }] };
  assert.equal(await whoAmI(t, options), ground.user);
  assert.match(jump.log(), /Accepted publickey/);

  const twice = { ...options, jump: [...options.jump, ...options.jump] };
  assert.equal(await whoAmI(t, twice), ground.user);

  const known = join(ground.directory, 'target-only');
  const lines = readFileSync(ground.knownHosts, 'utf8').split('\n');
  writeFileSync(known, `${lines[0]}\n`);
  const error = await refused(
    { ...options, hostKeys: { policy: 'strict', knownHostsFiles: [known] } },
    'ssh/host-key',
  );
  assert.ok(String(error.details.lines).includes(`${jump.port}`));
});

test('aliases, ports and jump hosts of a configuration file count, and what it may not decide does not', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const jump = await ground.jump();
  const configFile = join(ground.directory, 'my config');
  writeFileSync(
    configFile,
    [
      'StrictHostKeyChecking no',
      `LocalForward ${jump.port} 127.0.0.1:1`,
      'ControlMaster auto',
      `ControlPath ${ground.directory}/shared`,
      'Host work',
      '  HostName 127.0.0.1',
      `  Port ${ground.target.port}`,
      '  ProxyJump gate',
      'Host gate',
      '  HostName 127.0.0.1',
      `  Port ${jump.port}`,
      'Host *',
      `  User ${ground.user}`,
      `  IdentityFile "${ground.key}"`,
      '',
    ].join('\n'),
  );
  const hostKeys = { policy: 'strict', knownHostsFiles: [ground.knownHosts] } as const;
  const options = { target: { host: 'work' }, configFile, hostKeys, credential: { agentSocket: 'none' } };
  assert.equal(await whoAmI(t, options), ground.user);
  assert.match(jump.log(), /Accepted publickey/);
  assert.equal(existsSync(join(ground.directory, 'shared')), false, 'no shared master');
  assert.equal(await whoAmI(t, { ...options, target: { host: 'work' }, jump: [] }), ground.user);
  assert.equal(jump.log().match(/Accepted publickey/g)?.length, 1, '[] is straight');
  const empty = join(ground.directory, 'nobody');
  writeFileSync(empty, '');
  await refused({ ...options, hostKeys: { ...hostKeys, knownHostsFiles: [empty] } }, 'ssh/host-key');
  assert.equal(readFileSync(empty, 'utf8'), '');
});

test('a jump host never gets the password of the target', async (t) => {
  if (!havePeers(t, ...PEERS, 'useradd', 'userdel', 'chpasswd')) return;
  const { name, password } = throwAwayUser(t);
  const ground = await startSshd(t, { user: name });
  const jump = await ground.jump();
  const way = { host: jump.host, port: jump.port, user: name };
  const credential = { identityFiles: [], password: new Secret(password) };
  const target = sshOptions(ground, credential);
  await refused({ ...target, jump: [way] }, 'ssh/denied');
  assert.doesNotMatch(jump.log(), /(?:Failed|Accepted) password/);
  assert.equal(
    await whoAmI(t, { ...target, jump: [{ ...way, credential: { ...credential, isExclusive: true } }] }),
    name,
  );
});

test('nobody there, no such name, and no such program are told apart', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const options = sshOptions(ground);
  await ground.target.stop();
  const error = await refused(options, 'ssh/unreachable');
  assert.deepEqual([error.details.reason, error.retryable], ['refused', true]);
  const name = await refused({ ...options, target: { host: 'no-such-host.invalid' } }, 'ssh/unreachable');
  assert.deepEqual([name.details.reason, name.retryable], ['name', false]);
  await refused({ ...options, program: '/nonexistent/ssh' }, 'ssh/program');
  await ground.target.start();
  ground.target.freeze();
  const frozen = await refused({ ...options, connectTimeoutMs: 1000 }, 'ssh/unreachable');
  assert.equal(frozen.details.reason, 'timed-out');
  ground.target.thaw();
});

test('sockets and configuration are ours alone, and go with the connection', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const connection = await openSsh(
    sshOptions(ground, {
      identityFiles: [ground.encryptedKey],
      passPhrases: new Map([[ground.encryptedKey, new Secret(ground.passPhrase)]]),
    }),
  );
  t.after(() => connection.close());
  const directories = [...sshDirectories(process.pid)];
  assert.equal(directories.length, 1);
  const [directory = ''] = directories;
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  for (const name of readdirSync(directory)) {
    assert.equal(statSync(join(directory, name)).mode & 0o077, 0, name);
  }
  const everything = readdirSync(directory)
    .filter((name) => statSync(join(directory, name)).isFile())
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('');
  assert.ok(!everything.includes(ground.passPhrase));
  await connection.close();
  assert.equal(existsSync(directory), false);
});
