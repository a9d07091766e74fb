import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { openSsh, openSsh2, type SshConnection, type SshOptions } from '../../src/ssh/index.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { startSshd } from '../support/sshd.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];
const BACK_ENDS = { OpenSSH: openSsh, ssh2: openSsh2 };

async function rejection(promise: Promise<unknown>) {
  const error = await promise.then(
    () => assert.fail('it did not reject'),
    (reason: unknown) => reason,
  );
  assert.ok(isLatchkeyError(error), `${error}`);
  return error;
}

/** A connection that says nothing and takes the only place there is before a login. */
async function heldPlace(t: TestContext, port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    const [said] = await once(socket, 'data');
    // The place of whoever was there before is free a moment later.
    if (`${said}`.startsWith('SSH-')) return socket;
    socket.destroy();
  }
}

function reached(connection: SshConnection, is: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const bound = setTimeout(() => reject(new Error(`it is ${connection.state}`)), 30_000);
    const look = () => {
      if (!is()) return;
      clearTimeout(bound);
      unsubscribe();
      resolve();
    };
    const unsubscribe = connection.subscribe(look);
    look();
  });
}

for (const [name, open] of Object.entries(BACK_ENDS)) {
  test(`${name}: MaxStartups: a refused connection is told with what may help, and tried again with pauses until it is let in`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const ground = await startSshd(t, { config: ['MaxStartups 1:100:1'] });
    const connect = async (options: SshOptions) => {
      const connection = await open(options);
      t.after(() => connection.close());
      return connection;
    };
    const before = await heldPlace(t, ground.target.port);
    const error = await rejection(open(sshOptions(ground)));
    // ssh2 tells nobody what a server says instead of its name, and a reset connection may lose it.
    const reason = String(error.details.reason);
    const reasons = name === 'OpenSSH' ? ['too-many', 'not-allowed', 'closed'] : ['closed'];
    assert.ok(reasons.includes(reason), reason);
    assert.deepEqual([error.code, error.retryable], ['ssh/unreachable', true]);
    const hint = /too many connections at once \(MaxStartups\).*block.*wait/;
    assert.match(error.hint ?? '', reason === 'closed' ? hint : /\(MaxStartups\): wait/);
    before.destroy();
    let connection: SshConnection | undefined;
    while (connection === undefined) connection = await connect(sshOptions(ground)).catch(() => undefined);
    const place = await heldPlace(t, ground.target.port);
    const standing = connection;
    const attempts: number[] = [];
    standing.subscribe(({ state, cause }) => {
      if (state === 'reconnecting' && cause?.code === 'ssh/unreachable') attempts.push(Date.now());
    });
    ground.target.dropLogins();
    await reached(standing, () => attempts.length >= 2);
    assert.ok(Number(standing.status.retryAt) > Date.now(), 'it waits');
    place.destroy();
    await reached(standing, () => standing.state === 'ready');
    assert.equal((await standing.run(['true'])).exitCode, 0);
  });

  test(`${name}: MaxSessions 1: commands wait in line, and what needs a second one says so; 0: forwards still work`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const one = await startSshd(t, { config: ['MaxSessions 1'] });
    const single = await open(sshOptions(one));
    t.after(() => single.close());
    const results = await Promise.all([1, 2, 3].map((n) => single.run(['echo', `${n}`])));
    assert.deepEqual(
      results.map(({ stdout }) => stdout.toString()),
      ['1\n', '2\n', '3\n'],
    );
    const path = join(one.directory, 'file');
    for (const use of [
      () => single.files.write(path, Buffer.from('words'), { mode: 0o600 }),
      () => single.start(['cat']),
    ]) {
      const error = await rejection(use());
      assert.deepEqual(
        [error.code, error.details.reason, error.details.ran],
        ['ssh/command', 'not-started', 'no'],
      );
      assert.match(error.hint ?? '', /MaxSessions/);
    }
    assert.equal((await single.run(['echo', 'still'])).stdout.toString(), 'still\n');
    const forFiles = await open(sshOptions(one));
    t.after(() => forFiles.close());
    await forFiles.files.write(path, Buffer.from('words'), { mode: 0o600 });
    assert.equal((await forFiles.files.read(path)).toString(), 'words');

    const none = await startSshd(t, { config: ['MaxSessions 0'] });
    const connection = await open(sshOptions(none));
    t.after(() => connection.close());
    for (const use of [
      () => connection.run(['true']),
      () => connection.start(['true']),
      () => connection.files.read('x'),
    ]) {
      const error = await rejection(use());
      assert.match(error.hint ?? '', /MaxSessions/, error.message);
    }
    const server = createServer((socket) => socket.on('error', () => {}).end('here')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    for (const kind of ['local', 'remote'] as const) {
      const forward = await connection.forward({ kind, listen: { port: 0 }, connect: { port } });
      assert.equal(forward.state, 'proven');
    }
  });

  test(`${name}: PermitOpen none: the forward says what to ask for`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const ground = await startSshd(t, { config: ['PermitOpen none'] });
    const connection = await open(sshOptions(ground));
    t.after(() => connection.close());
    const forward = await connection.forward({
      kind: 'local',
      listen: { port: 0 },
      connect: { port: ground.target.port },
    });
    assert.deepEqual([forward.state, forward.cause?.details.reason], ['degraded', 'prohibited']);
    assert.match(forward.cause?.hint ?? '', /AllowTcpForwarding and PermitOpen in sshd_config/);
  });
}

for (const [text, reason, hint] of [
  ['Exceeded MaxStartups', 'too-many', /\(MaxStartups\): wait a little/],
  ['Not allowed at this time', 'not-allowed', /PerSourcePenalties: 15 s to 10 minutes.*\(MaxStartups\)/],
] as const) {
  test(`a server that says "${text}" instead of its name (stand-in) is told apart`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const ground = await startSshd(t);
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(`${text}\r\n`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const options = sshOptions(ground);
    const error = await rejection(openSsh({ ...options, target: { ...options.target, port } }));
    assert.deepEqual([error.code, error.details.reason, error.retryable], ['ssh/unreachable', reason, true]);
    assert.match(error.hint ?? '', hint);
    assert.match(error.message, new RegExp(`cannot be reached: .*${text}`));
  });
}

// Penalties came with OpenSSH 9.8: an older sshd is given no such configuration, and there the stand-in above is all there is.
if (sshdKnowsPenalties())
  test('sshd with penalties: after a refused login the address is turned away, and that is said', async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const strict = await startSshd(t, {
      config: ['PerSourcePenalties authfail:300 min:1 max:600', 'PerSourcePenaltyExemptList none'],
    });
    await rejection(openSsh(sshOptions(strict, { identityFiles: [strict.strangerKey] })));
    const error = await rejection(openSsh(sshOptions(strict)));
    assert.deepEqual([error.code, error.details.reason], ['ssh/unreachable', 'not-allowed']);
  });

function sshdKnowsPenalties(): boolean {
  const { stderr } = spawnSync(findProgram('sshd') ?? 'sshd', ['-V'], { encoding: 'utf8' });
  return Number(/OpenSSH_(\d+\.\d+)/.exec(stderr)?.[1] ?? 0) >= 9.8;
}
