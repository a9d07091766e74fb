import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { type ForwardEnd, openSsh2, type SshConnection, type SshOptions } from '../../src/ssh/index.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { endTree } from '../support/processes.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { startSshd, throwAwayUser } from '../support/sshd.ts';

const PEERS = ['sshd', 'ssh-keygen'];

async function open(t: TestContext, options: SshOptions): Promise<SshConnection> {
  const connection = await openSsh2(options);
  t.after(() => connection.close());
  return connection;
}

/** Logs in and asks who it is. */
async function whoAmI(t: TestContext, options: SshOptions): Promise<string> {
  const connection = await open(t, options);
  const { stdout } = await connection.run(['id', '-un']);
  await connection.close();
  return stdout.toString().trim();
}

/** The error of a login that must fail. */
async function refused(options: SshOptions, code: Parameters<typeof isLatchkeyError>[1]) {
  const outcome = await openSsh2(options).then(
    async (connection) => connection.close(),
    (error: unknown) => error,
  );
  assert.ok(isLatchkeyError(outcome, code), `${outcome}`);
  assert.ok(outcome.hint, 'it says what to do');
  return outcome;
}

test('ssh2: host keys are strict: unknown, changed, revoked and certified ones are refused before any key is offered', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const name = `[127.0.0.1]:${ground.target.port}`;
  const key = readFileSync(`${ground.target.hostKey}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  const other = readFileSync(`${ground.strangerKey}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  const file = join(ground.directory, 'known');
  const options = (policy: 'strict' | 'accept-new') => ({
    ...sshOptions(ground),
    hostKeys: { policy, knownHostsFiles: [file] },
  });
  for (const [text, reason, isNewRefused] of [
    ['', 'unknown', false],
    [`${name} ${other}\n`, 'changed', true],
    [`${name} ${key}\n@revoked * ${key}\n`, 'revoked', true],
    [`@cert-authority * ${other}\n`, 'unknown', true],
  ] as const) {
    for (const policy of isNewRefused ? (['strict', 'accept-new'] as const) : (['strict'] as const)) {
      writeFileSync(file, text);
      const error = await refused(options(policy), 'ssh/host-key');
      assert.equal(error.details.reason, reason);
      assert.equal(readFileSync(file, 'utf8'), text);
    }
  }
  assert.doesNotMatch(ground.target.log(), /Accepted|Failed|publickey/);

  writeFileSync(file, '');
  assert.equal(await whoAmI(t, options('accept-new')), ground.user);
  assert.equal(readFileSync(file, 'utf8'), `${name} ${key}\n`);
  assert.equal(await whoAmI(t, options('strict')), ground.user);
  execFileSync(findProgram('ssh-keygen') ?? '', ['-q', '-H', '-f', file], { stdio: 'ignore' });
  assert.match(readFileSync(file, 'utf8'), /^\|1\|/);
  assert.equal(await whoAmI(t, options('strict')), ground.user);
});

test('ssh2: keys of every kind, with and without a pass phrase; a wrong one is told, a stranger stays outside', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  for (const words of [
    ['-t', 'rsa', '-b', '2048'],
    ['-t', 'ecdsa', '-b', '521'],
    ['-t', 'rsa', '-b', '2048', '-m', 'PEM'],
  ]) {
    const file = join(ground.directory, words.join(''));
    execFileSync(findProgram('ssh-keygen') ?? '', ['-q', ...words, '-N', 'a pass', '-f', file]);
    writeFileSync(join(ground.directory, 'authorized', ground.user), readFileSync(`${file}.pub`), {
      flag: 'a',
    });
    const passPhrases = new Map([[file, new Secret('a pass')]]);
    assert.equal(
      await whoAmI(t, sshOptions(ground, { identityFiles: [file], passPhrases })),
      ground.user,
      file,
    );
  }
  const encrypted = (passPhrase: string) =>
    sshOptions(ground, {
      identityFiles: [ground.encryptedKey],
      passPhrases: new Map([[ground.encryptedKey, () => new Secret(passPhrase)]]),
    });
  assert.equal(await whoAmI(t, encrypted(ground.passPhrase)), ground.user);
  const wrong = await refused(encrypted('wrong'), 'ssh/denied');
  assert.equal(wrong.details.reason, 'pass-phrase-wrong');
  assert.doesNotMatch(JSON.stringify(wrong), /"wrong"/);
  await refused(sshOptions(ground, { identityFiles: [ground.encryptedKey] }), 'ssh/denied');
  const stranger = await refused(sshOptions(ground, { identityFiles: [ground.strangerKey] }), 'ssh/denied');
  assert.match(stranger.message, /it takes publickey, password/);
  // A key that cannot be opened does not keep the next one from being tried.
  assert.equal(
    await whoAmI(t, sshOptions(ground, { identityFiles: [ground.encryptedKey, ground.key] })),
    ground.user,
  );
});

test('ssh2: an agent signs, for all its keys or only for the named ones', async (t) => {
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
  const named = (file: string, isExclusive: boolean) =>
    sshOptions(ground, { agentSocket, isExclusive, identityFiles: [file] });
  assert.equal(await whoAmI(t, named(ground.strangerKey, false)), ground.user);
  await refused(named(ground.strangerKey, true), 'ssh/denied');
  assert.equal(await whoAmI(t, named(ground.key, true)), ground.user);
});

test('ssh2: a password is given once, and never to a jump host', async (t) => {
  if (!havePeers(t, ...PEERS, 'useradd', 'userdel', 'chpasswd')) return;
  const { name, password } = throwAwayUser(t);
  const ground = await startSshd(t, { user: name });
  const options = (given: string) => sshOptions(ground, { identityFiles: [], password: new Secret(given) });
  assert.equal(await whoAmI(t, options(password)), name);
  const error = await refused(options('wrong'), 'ssh/denied');
  assert.doesNotMatch(error.message, /wrong/);
  assert.equal(ground.target.log().match(/Failed password/g)?.length, 1);
  const jump = await ground.jump();
  const way = { host: jump.host, port: jump.port, user: name };
  await refused({ ...options(password), jump: [way] }, 'ssh/denied');
  assert.doesNotMatch(jump.log(), /(?:Failed|Accepted) password/);
});

test('ssh2: a jump host is gone through with the same rules', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const jump = await ground.jump();
  const way = { host: jump.host, port: jump.port, user: ground.user };
  const options = { ...sshOptions(ground), jump: [way, way] };
  assert.equal(await whoAmI(t, options), ground.user);
  assert.match(jump.log(), /Accepted publickey/);
  const known = join(ground.directory, 'target-only');
  writeFileSync(known, `${readFileSync(ground.knownHosts, 'utf8').split('\n')[0]}\n`);
  const error = await refused(
    { ...options, hostKeys: { policy: 'strict', knownHostsFiles: [known] } },
    'ssh/host-key',
  );
  assert.match(error.message, new RegExp(String(jump.port)));
  const nowhere = await refused(
    { ...options, target: { host: '127.0.0.1', port: 1, user: ground.user } },
    'ssh/unreachable',
  );
  assert.equal(nowhere.details.reason, 'jump');
});

test('ssh2: what it cannot do is refused, with what can', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const options = sshOptions(ground);
  for (const wish of [
    { program: 'gsissh' },
    { configFile: '/etc/ssh/ssh_config' },
    { credential: { certificateFiles: [`${ground.certifiedKey('c')}-cert.pub`] } },
    { credential: { environment: { X509_USER_PROXY: '/tmp/x' } } },
  ])
    assert.match(String((await refused({ ...options, ...wish }, 'ssh/unsupported')).hint), /OpenSSH/);
  const connection = await open(t, options);
  await assert.rejects(connection.forward({ kind: 'dynamic', listen: { port: 0 } }));
  await ground.target.stop();
  assert.equal((await refused(options, 'ssh/unreachable')).details.reason, 'refused');
});

test('ssh2: a login that was cut is told, and made again with its forwards', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const connection = await open(t, sshOptions(ground));
  const end = await echo(t, 'again');
  const forward = await connection.forward({ kind: 'local', listen: { port: 0 }, connect: end });
  const running = connection.script('sleep 60', []);
  const lost = assert.rejects(running, { code: 'ssh/lost' });
  const proven = new Promise<void>((resolve, reject) => {
    const bound = setTimeout(() => reject(new Error(`the forward stays ${forward.state}`)), 30_000);
    forward.subscribe(({ state }) => {
      if (state !== 'proven') return;
      clearTimeout(bound);
      resolve();
    });
  });
  proven.catch(() => {});
  // The command has begun when the kept shell has run another one beside it.
  assert.equal((await connection.run(['echo', 'x'])).stdout.toString(), 'x\n');
  ground.target.dropConnections();
  await lost;
  assert.equal((await connection.run(['echo', 'back'])).stdout.toString(), 'back\n');
  await proven;
  assert.equal(await talk(forward.spec.listen, 'hello'), 'again:hello');
  assert.equal(connection.status.reconnects, 1);
});

test('ssh2: local and remote forwards between ports and sockets are proven, used, and really closed', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t);
  const connection = await open(t, sshOptions(ground));
  const path = (name: string) => join(ground.directory, name);
  let n = 0;
  for (const kind of ['local', 'remote'] as const) {
    for (const listenOn of ['port', 'socket']) {
      for (const connectTo of ['port', 'socket']) {
        n += 1;
        const end = await echo(t, `e${n}`, connectTo === 'socket' ? path(`target${n}`) : undefined);
        const listen = listenOn === 'socket' ? { socketPath: path(`listen${n}`) } : { port: 0 };
        const forward = await connection.forward({ kind, listen, connect: end });
        assert.equal(forward.state, 'proven', `${forward.description}: ${forward.cause}`);
        assert.equal(await talk(forward.spec.listen, 'hello'), `e${n}:hello`);
        await forward.close();
        if ('socketPath' in listen)
          assert.equal(existsSync(listen.socketPath), false, 'the socket file is gone');
        await assert.rejects(talk(forward.spec.listen, 'x'), /ECONNREFUSED|ENOENT/);
      }
    }
  }
  const dead = await connection.forward({ kind: 'local', listen: { port: 0 }, connect: { port: 1 } });
  assert.equal(dead.state, 'degraded');
});

/** A server that says its name and then repeats what it hears. */
async function echo(t: TestContext, name: string, path?: string): Promise<ForwardEnd> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write(`${name}:`);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null
    ? { port: address.port }
    : { socketPath: path ?? '' };
}

/** What comes back through an end. */
function talk(end: ForwardEnd, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = 'socketPath' in end ? connect(end.socketPath) : connect(end.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
      if (heard.endsWith(words)) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
    socket.write(words);
  });
}
