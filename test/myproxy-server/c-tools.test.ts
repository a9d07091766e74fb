import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { type SocketServer, startSocketServer } from '../support/socket-server.ts';
import { workspace } from '../support/workspace.ts';

const TOOLS = ['myproxy-init', 'myproxy-logon', 'myproxy-info', 'openssl', 'grid-proxy-init'];

let grid: Grid;
before(async (t) => {
  if (findProgram('openssl') === undefined) return;
  grid = await makeGrid(join(workspace(t as unknown as TestContext), 'grid'));
});

/** Runs a C tool as somebody; returns its exit status and everything it said. */
async function run(
  server: SocketServer,
  who: 'jane' | 'robot' | 'nobody',
  command: string,
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number; readonly said: string }> {
  const identity = who === 'jane' ? grid.user : grid.robot;
  const env =
    who === 'nobody'
      ? server.env
      : { ...server.env, X509_USER_CERT: identity.certificate, X509_USER_KEY: identity.key };
  const result = await runProgram(command, args, { env, input, timeoutMs: 60_000 });
  return { code: result.code, said: `${result.stdout}${result.stderr}` };
}

/** myproxy-init makes a proxy of its own in HOME; it wants the credential named. */
function init(server: SocketServer, args: readonly string[], passPhrase: string) {
  const source = ['-C', grid.user.certificate, '-y', grid.user.key];
  return run(server, 'jane', 'myproxy-init', ['-S', '-l', 'jane', ...source, ...args], `${passPhrase}\n`);
}

function assertDone({ code, said }: { code: number; said: string }, expected: RegExp): void {
  assert.equal(code, 0, said);
  assert.match(said, expected);
}

test('init, info, logon, change-pass-phrase, destroy', async (t) => {
  if (!havePeers(t, ...TOOLS)) return;
  const server = await startSocketServer(t, grid);
  const out = join(grid.directory, 'proxy.pem');
  assertDone(await init(server, ['-a'], 'correct horse'), /A proxy valid for 168 hours/);
  const info = await run(server, 'jane', 'myproxy-info', ['-l', 'jane']);
  assertDone(info, /username: jane[\s\S]*owner: \/O=Grid\/OU=Test\/CN=Jane User[\s\S]*timeleft: 16[78]:/);
  const logon = ['-S', '-l', 'jane', '-o', out];
  assertDone(
    await run(server, 'nobody', 'myproxy-logon', logon, 'correct horse\n'),
    /A credential has been received/,
  );
  const proxy = await runProgram('openssl', ['x509', '-in', out, '-noout', '-subject', '-nameopt', 'compat']);
  assert.match(proxy.stdout.toString(), /CN=Jane User\/CN=\d+\/CN=\d+\/CN=\d+/);
  const wrong = await run(server, 'nobody', 'myproxy-logon', logon, 'battery staple\n');
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.said,
    /ERROR from myproxy-server:\nBad password\ninvalid credential passphrase\nref: \w{4}-\w{4}/,
  );
  const change = ['-S', '-l', 'jane'];
  assertDone(
    await run(server, 'jane', 'myproxy-change-pass-phrase', change, 'correct horse\nbattery staple\n'),
    /Pass phrase changed/,
  );
  assertDone(
    await run(server, 'nobody', 'myproxy-logon', logon, 'battery staple\n'),
    /A credential has been received/,
  );
  assertDone(await run(server, 'jane', 'myproxy-destroy', ['-l', 'jane']), /was successfully removed/);
  const gone = await run(server, 'nobody', 'myproxy-logon', logon, 'battery staple\n');
  assert.match(gone.said, /No credentials exist for username "jane"/);
});

test('store and retrieve, with an encrypted key and named', async (t) => {
  if (!havePeers(t, ...TOOLS, 'myproxy-store', 'myproxy-retrieve')) return;
  const server = await startSocketServer(t, grid);
  const key = join(grid.directory, 'user-encrypted.key');
  const encrypt = ['pkey', '-in', grid.user.key, '-aes256', '-passout', 'pass:correct horse', '-out', key];
  assert.equal((await runProgram('openssl', encrypt)).code, 0);
  const credential = ['-c', grid.user.certificate, '-y', key];
  const policy = ['-x', '-E', grid.robot.dn, '-a', '-k', 'work'];
  assertDone(
    await run(server, 'jane', 'myproxy-store', ['-l', 'jane', ...credential, ...policy]),
    /Credentials saved to myproxy server/,
  );
  const out = ['-c', join(grid.directory, 'got.pem'), '-y', join(grid.directory, 'got.key')];
  const retrieve = ['-S', '-l', 'jane', '-k', 'work', ...out];
  const refused = await run(server, 'jane', 'myproxy-retrieve', retrieve, 'correct horse\n');
  assert.match(refused.said, /not authorized by credential's authorized_key_retrievers policy/);
  assertDone(
    await run(server, 'robot', 'myproxy-retrieve', retrieve, 'correct horse\n'),
    /have been stored in/,
  );
  assert.equal(
    readFileSync(join(grid.directory, 'got.pem'), 'utf8').trim(),
    readFileSync(grid.user.certificate, 'utf8').trim(),
  );
});

test('renewal: the challenge is answered with the old proxy', async (t) => {
  if (!havePeers(t, ...TOOLS)) return;
  const server = await startSocketServer(t, grid);
  assertDone(await init(server, ['-n', '-x', '-R', grid.robot.dn], ''), /A proxy valid for/);
  const old = join(grid.directory, 'old.pem');
  const make = ['-cert', grid.user.certificate, '-key', grid.user.key, '-out', old, '-q'];
  assert.equal((await runProgram('grid-proxy-init', make, { env: server.env })).code, 0);
  const renewed = join(grid.directory, 'renewed.pem');
  assertDone(
    await run(server, 'robot', 'myproxy-logon', ['-a', old, '-l', 'jane', '-o', renewed]),
    /A credential has been received/,
  );
  const stranger = await run(server, 'jane', 'myproxy-logon', ['-a', old, '-l', 'jane', '-o', renewed]);
  assert.equal(stranger.code, 1);
  assert.match(stranger.said, /authentication failed|not authorized/);
  await server.running.close();
  assert.match(
    readFileSync(server.settings.auditFile ?? '', 'utf8'),
    /"by":"certificate",.*"verdict":"done"/,
  );
});

test('trust roots, on their own, with a logon, and by bootstrap', async (t) => {
  if (!havePeers(t, ...TOOLS, 'myproxy-get-trustroots')) return;
  const server = await startSocketServer(t, grid);
  const wanted = readdirSync(grid.trustDirectory).sort();
  const directory = join(workspace(t), 'new');
  const env = { ...server.env, X509_CERT_DIR: directory };
  const got = await runProgram('myproxy-get-trustroots', ['-b'], { env, timeoutMs: 60_000 });
  assert.equal(got.code, 0, got.stderr.toString());
  for (const name of wanted) {
    assert.deepEqual(readFileSync(join(directory, name)), readFileSync(join(grid.trustDirectory, name)));
  }
});

test('with a server key, what is stored has a second envelope, and clients see no difference', async (t) => {
  if (!havePeers(t, ...TOOLS)) return;
  const file = join(grid.directory, 'server.key32');
  writeFileSync(file, randomBytes(32), { mode: 0o400 });
  const sealing = { rememberSeconds: 300, resealOldKeys: true, serverKeys: [{ file }] };
  const server = await startSocketServer(t, grid, { sealing });
  assertDone(await init(server, ['-a'], 'correct horse'), /A proxy valid for/);
  const stored = readFileSync(join(server.settings.storage, 'jane.creds'), 'utf8');
  assert.match(stored, /^-----BEGIN LATCHKEY SEALED CREDENTIAL-----/);
  assert.doesNotMatch(stored, /PRIVATE KEY|BEGIN CERTIFICATE/);
  const logon = ['-S', '-l', 'jane', '-o', join(grid.directory, 'enveloped.pem')];
  assertDone(
    await run(server, 'nobody', 'myproxy-logon', logon, 'correct horse\n'),
    /A credential has been received/,
  );
});

test('a limited proxy of the client limits what it gets', async (t) => {
  if (!havePeers(t, ...TOOLS, 'grid-proxy-info')) return;
  const server = await startSocketServer(t, grid);
  assertDone(await init(server, ['-a'], 'correct horse'), /A proxy valid for/);
  const limited = join(grid.directory, 'limited.pem');
  const make = ['-limited', '-cert', grid.robot.certificate, '-key', grid.robot.key, '-out', limited, '-q'];
  assert.equal((await runProgram('grid-proxy-init', make, { env: server.env })).code, 0);
  const out = join(grid.directory, 'from-limited.pem');
  const env = { ...server.env, X509_USER_PROXY: limited };
  const logon = await runProgram('myproxy-logon', ['-S', '-l', 'jane', '-o', out], {
    env,
    input: 'correct horse\n',
  });
  assert.equal(logon.code, 0, logon.stderr.toString());
  const type = await runProgram('grid-proxy-info', ['-f', out, '-type'], { env });
  assert.match(type.stdout.toString(), /limited/);
});

test('a client whose certificate is not believed is told why', async (t) => {
  if (!havePeers(t, ...TOOLS)) return;
  const server = await startSocketServer(t, grid);
  assertDone(await init(server, ['-a'], 'correct horse'), /A proxy valid for/);
  const other = await makeGrid(join(workspace(t), 'other'), '/O=Grid/OU=Test/CN=Other CA');
  const stranger = { ...server.env, X509_USER_CERT: other.user.certificate, X509_USER_KEY: other.user.key };
  const logon = await runProgram('myproxy-logon', ['-S', '-l', 'jane', '-o', join(grid.directory, 'x.pem')], {
    env: stranger,
    input: 'correct horse\n',
  });
  assert.equal(logon.code, 1);
  assert.match(
    logon.stderr.toString(),
    /authentication failed\nyour certificate was not accepted: unable to get local issuer certificate/,
  );
});
