import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { type CServer, openConfig, startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { startOurServer } from '../support/our-server.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const PASS = 'secretpw1';
const LONG_USER = `jane.${'x'.repeat(300)}`;

test('a storage directory goes from the C server to ours and back, nothing lost', async (t) => {
  if (!havePeers(t, 'myproxy-server', 'myproxy-init', 'myproxy-store', 'myproxy-admin-query', 'openssl'))
    return;
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const config = openConfig(grid.trustDirectory);
  const own = {
    X509_USER_CERT: grid.user.certificate,
    X509_USER_KEY: grid.user.key,
    X509_USER_PROXY: '/nonexistent',
  };
  const run = async (
    server: CServer,
    program: string,
    args: string[],
    more: NodeJS.ProcessEnv = {},
    input = `${PASS}\n`,
  ) => {
    const result = await runProgram(findProgram(program) ?? program, args, {
      env: { ...server.env, HOME: directory, ...more },
      input,
      timeoutMs: 60_000,
    });
    return { code: result.code, text: result.stdout.toString() + result.stderr.toString() };
  };
  const done = async (...call: Parameters<typeof run>) => {
    const result = await run(...call);
    assert.equal(result.code, 0, `${call[1]} ${call[2].join(' ')}: ${result.text}`);
    return result.text;
  };

  // Filled by the C tools through the C server.
  const first = await startCServer(t, grid, { config });
  const storage = first.storage;
  const source = ['-C', grid.user.certificate, '-y', grid.user.key];
  await done(first, 'myproxy-init', ['-S', '-a', '-l', 'jane', ...source]);
  await done(first, 'myproxy-init', [
    '-S',
    '-a',
    '-l',
    'jane',
    '-k',
    'cron',
    '-K',
    'for cron jobs',
    ...source,
  ]);
  await done(first, 'myproxy-init', ['-S', '-a', '-l', 'jane', '-k', 'shut', ...source]);
  await done(first, 'myproxy-init', ['-S', '-a', '-l', LONG_USER, ...source]);
  await done(first, 'myproxy-init', [
    '-n',
    '-x',
    '-R',
    grid.robot.dn,
    '-l',
    'jane',
    '-k',
    'renewal',
    ...source,
  ]);
  const sealedKey = join(directory, 'sealed.key');
  await done(first, 'openssl', [
    'rsa',
    '-des3',
    '-passout',
    `pass:${PASS}`,
    '-in',
    grid.user.key,
    '-out',
    sealedKey,
  ]);
  await done(first, 'chmod', ['600', sealedKey]);
  await done(
    first,
    'myproxy-store',
    ['-c', grid.user.certificate, '-y', sealedKey, '-a', '-x', '-E', '*', '-l', 'jane', '-k', 'stored'],
    own,
  );
  await done(first, 'myproxy-admin-query', [
    '-s',
    storage,
    '-l',
    'jane',
    '-k',
    'shut',
    '-L',
    'closed for repair',
  ]);
  const proxy = join(directory, 'first.pem');
  await done(first, 'myproxy-logon', ['-S', '-l', 'jane', '-o', proxy]);
  await first.stop();
  const dataFiles = () =>
    readdirSync(storage)
      .filter((file) => file.endsWith('.data'))
      .sort();
  const before = dataFiles().map((file) => [file, readFileSync(join(storage, file), 'utf8')]);
  assert.equal(before.length, 6);

  const checkAll = async (server: CServer) => {
    const out = join(directory, 'out.pem');
    for (const args of [
      ['-l', 'jane'],
      ['-l', 'jane', '-k', 'cron'],
      ['-l', 'jane', '-k', 'stored'],
      ['-l', LONG_USER],
    ]) {
      await done(server, 'myproxy-logon', ['-S', '-o', out, ...args]);
      const wrong = await run(
        server,
        'myproxy-logon',
        ['-S', '-o', out, ...args],
        {},
        'not the pass phrase\n',
      );
      assert.equal(wrong.code, 1);
      assert.match(wrong.text, /invalid credential passphrase/);
    }
    const locked = await run(server, 'myproxy-logon', ['-S', '-o', out, '-l', 'jane', '-k', 'shut']);
    assert.match(locked.text, /credential locked\s+closed for repair/);
    const robot = {
      X509_USER_CERT: grid.robot.certificate,
      X509_USER_KEY: grid.robot.key,
      X509_USER_PROXY: '/nonexistent',
    };
    await done(server, 'myproxy-logon', ['-n', '-a', proxy, '-o', out, '-l', 'jane', '-k', 'renewal'], robot);
    const [certificate, key] = [join(directory, `c${server.port}`), join(directory, `k${server.port}`)];
    await done(
      server,
      'myproxy-retrieve',
      ['-S', '-l', 'jane', '-k', 'stored', '-c', certificate, '-y', key],
      own,
    );
    const info = await done(server, 'myproxy-info', ['-l', 'jane'], own);
    for (const name of ['cron', 'shut', 'renewal', 'stored'])
      assert.match(info, new RegExp(`name: ${name}\n`));
    assert.match(info, /description: for cron jobs\n/);
    assert.match(info, /locked: closed for repair\n/);
  };

  const second = await startOurServer(t, grid, { config, storage });
  await checkAll(second);
  await second.stop();
  assert.deepEqual(
    dataFiles().map((file) => [file, readFileSync(join(storage, file), 'utf8')]),
    before,
  );
  assert.match(
    readFileSync(join(storage, 'jane.creds'), 'utf8'),
    /BEGIN ENCRYPTED PRIVATE KEY/,
    're-sealed on use',
  );

  const third = await startCServer(t, grid, { config, storage });
  await checkAll(third);
  await third.stop();
  assert.deepEqual(
    dataFiles().map((file) => [file, readFileSync(join(storage, file), 'utf8')]),
    before,
  );
});
