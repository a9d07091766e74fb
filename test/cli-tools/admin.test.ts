import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createAuthority, writeAuthority } from '../../src/ca/index.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { runTool, type ToolRun } from './run-tool.ts';

interface Desk {
  readonly grid: Grid;
  readonly store: string;
  readonly directory: string;
  run(whose: 'ours' | 'C', tool: string, argv: readonly string[], input?: string): ToolRun;
}

async function openDesk(t: TestContext): Promise<Desk> {
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const store = join(directory, 'store');
  mkdirSync(store, { mode: 0o700 });
  const env = {
    HOME: directory,
    LOGNAME: 'jane',
    X509_CERT_DIR: grid.trustDirectory,
    X509_USER_PROXY: join(directory, 'proxy'),
  };
  const run: Desk['run'] = (whose, tool, argv, input = '') =>
    runTool(whose, tool, ['-s', store, ...argv], { env, input, cwd: directory });
  return { grid, store, directory, run };
}

/** Times to the nearest hour: between the two programs a second may pass, and with it a full hour. */
const toTheHour = (text: string): string =>
  text.replace(/timeleft: (\d+):(\d\d):(\d\d)/g, (_all, hours, minutes, seconds) => {
    return `timeleft: ${Math.round(Number(hours) + Number(minutes) / 60 + Number(seconds) / 3600)} h`;
  });

test('admin tools: load, list, lock, unlock, remove; the C tools see the same', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-admin-query', 'setsid')) return;
  const { grid, store, run } = await openDesk(t);
  const { certificate, key } = grid.user;
  const load = (...argv: string[]): ToolRun =>
    run('ours', 'myproxy-admin-load-credential', ['-c', certificate, '-y', key, ...argv]);
  assert.deepEqual(load('-l', 'jane', '-t', '5', '-a', '-Z', 'host'), {
    code: 0,
    stdout: 'Credential stored successfully\n',
    stderr: '',
  });
  assert.equal(
    load('-l', 'jane', '-k', 'named', '-K', 'some words', '-x', '-R', '/O=Grid/*', '-E', '*').code,
    0,
  );
  assert.equal(load('-d').code, 0);
  assert.match(readFileSync(join(store, 'jane.data'), 'utf8'), /^LIFETIME=18000$/m);
  assert.equal(statSync(join(store, 'jane.creds')).mode & 0o777, 0o600);
  for (const argv of [
    [],
    ['-l', 'jane'],
    ['-k', 'named'],
    ['-o', grid.user.dn],
    ['-e', '1'],
    ['-t', '1'],
    ['-l', 'nobody'],
    ['-i'],
  ]) {
    const [theirs, ours] = [run('C', 'myproxy-admin-query', argv), run('ours', 'myproxy-admin-query', argv)];
    const sorted = (text: string): string[] =>
      toTheHour(text)
        .split(/^(?=owner: )/m)
        .sort();
    assert.deepEqual(
      { ...ours, stdout: sorted(ours.stdout) },
      { ...theirs, stdout: sorted(theirs.stdout) },
      argv.join(' '),
    );
  }
  assert.equal(
    run('ours', 'myproxy-admin-query', ['-l', 'jane', '-k', 'named', '-L', 'closed']).stdout,
    'Credential for user jane (name: named) locked.\n',
  );
  assert.match(run('C', 'myproxy-admin-query', ['-k', 'named']).stdout, /^ {2}locked: closed$/m);
  assert.equal(
    run('ours', 'myproxy-admin-query', ['-k', 'named', '-U']).stdout,
    'Credential for user jane (name: named) unlocked.\n',
  );
  assert.doesNotMatch(run('C', 'myproxy-admin-query', ['-k', 'named']).stdout, /locked/);
  assert.match(
    run('ours', 'myproxy-admin-query', ['-l', 'jane', '-r']).stdout,
    /^Credential for user jane \(name: default\) removed\.$/m,
  );
  assert.equal(run('C', 'myproxy-admin-query', ['-l', 'jane']).stdout, 'No credentials found.\n');
});

test('admin tools: change the pass phrase of what either side stored', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-admin-change-pass', 'setsid')) return;
  const { grid, run } = await openDesk(t);
  const { certificate, key } = grid.user;
  // The C tool would, as root, become whoever owns /var/lib/myproxy.
  assert.equal(
    run('ours', 'myproxy-admin-load-credential', ['-l', 'jane', '-c', certificate, '-y', key]).code,
    0,
  );
  const change = (whose: 'ours' | 'C', from: string, to: string): ToolRun =>
    run(whose, 'myproxy-admin-change-pass', ['-l', 'jane', '-S'], `${from}\n${to}\n`);
  assert.equal(change('ours', '', 'first one').stdout, 'Pass phrase changed.\n');
  assert.equal(change('C', 'first one', 'second one').stdout, 'Pass phrase changed.\n');
  assert.equal(change('ours', 'second one', 'third one').stdout, 'Pass phrase changed.\n');
  const wrong = change('ours', 'second one', 'fourth one');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /invalid credential passphrase/);
  assert.equal(change('C', 'third one', 'fifth one').stdout, 'Pass phrase changed.\n');
});

test('adduser and addservice: a certificate of the installation’s authority, straight into the store', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const { directory, run, store } = await openDesk(t);
  const ca = join(directory, 'ca');
  const { authority, privateKey } = await createAuthority({ now: new Date() });
  await writeAuthority(ca, authority, privateKey);
  const user = run('ours', 'myproxy-admin-adduser', ['--ca', ca, '-c', 'Jane Doe', '-l', 'jane', '-n', '-a']);
  assert.equal(user.code, 0, user.stderr);
  assert.match(
    user.stdout,
    /^Credential stored successfully\nCertificate subject is:\n\/O=Latchkey \w+\/CN=Jane Doe\n$/,
  );
  const asked = run('ours', 'myproxy-admin-adduser', ['--ca', ca, '-n'], 'John Doe\n\n');
  assert.match(
    asked.stdout,
    /Enter common name for the certificate: .*Enter username \[use DN by default\]: /s,
  );
  const service = run('ours', 'myproxy-admin-addservice', [
    '--ca',
    ca,
    '-c',
    'web.example.org',
    '-l',
    'admin',
    '-n',
  ]);
  assert.equal(service.code, 0, service.stderr);
  const listed = run('ours', 'myproxy-admin-query', []).stdout;
  assert.match(listed, /username: \/O=Latchkey \w+\/CN=John Doe/);
  assert.match(listed, /username: admin\n {2}name: web\.example\.org\n {2}key retrieval policy: \*\n/);
  assert.ok(statSync(store).isDirectory());
  const none = run('ours', 'myproxy-admin-adduser', ['--ca', join(directory, 'nowhere'), '-c', 'x', '-n']);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /there is no certificate authority in/);
});
