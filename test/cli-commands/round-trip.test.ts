import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { latchkey, personIn, serve } from './installation.ts';

const KEY = 'pass phrase of the key';
const STORED = 'pass phrase on the server';

test('serve, user add, init, logon, info, passwd, destroy: the whole story with our own commands', async (t) => {
  const directory = workspace(t);
  await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const run = (input: string, ...argv: string[]) => latchkey(directory, argv, { input });

  const added = run(`${KEY}\n`, 'user', 'add', 'jane', '--cn', 'Jane Doe', '--pass-phrase-stdin', '--json');
  assert.equal(added.code, 0, added.stderr);
  const user = JSON.parse(added.stdout);
  assert.match(user.subject, /^\/O=Latchkey [0-9a-f]{4}\/CN=Jane Doe$/);
  assert.match(readFileSync(user.key, 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/);
  assert.equal(statSync(user.key).mode & 0o777, 0o600);
  assert.equal(added.stderr, '');

  const stored = run(`${KEY}\n${STORED}\n`, 'init', '-l', 'jane', '--pass-phrase-stdin', '--json');
  assert.equal(stored.code, 0, stored.stderr);
  assert.ok(Math.abs(JSON.parse(stored.stdout).secondsLeft - 604_800) < 120);

  const wrongKey = run(`wrong phrase\n`, 'init', '-l', 'jane', '--pass-phrase-stdin');
  assert.equal(wrongKey.code, 3);
  assert.match(wrongKey.stderr, /^latchkey: .*pass phrase/);

  const logon = run(`${STORED}\n`, 'logon', '-l', 'jane', '-t', '2h', '--pass-phrase-stdin', '--json');
  assert.equal(logon.code, 0, logon.stderr);
  const proxy = JSON.parse(logon.stdout);
  assert.equal(proxy.file, join(directory, 'proxy.pem'));
  assert.equal(proxy.identity, user.subject);
  assert.ok(Math.abs(proxy.secondsLeft - 7200) < 120, String(proxy.secondsLeft));
  assert.equal(statSync(proxy.file).mode & 0o777, 0o600);

  const shown = JSON.parse(run('', 'proxy', 'info', '--json').stdout);
  assert.deepEqual(
    [shown.identity, shown.kind, shown.rights, shown.delegations, shown.verified],
    [user.subject, 'rfc3820', 'impersonation', 2, true],
  );
  assert.equal(run('', 'proxy', 'info', '--valid-for', '3h').code, 5);
  assert.equal(run('', 'proxy', 'info', '--valid-for', '1h').code, 0);

  const info = run('', 'info', '--json');
  assert.equal(info.code, 0, info.stderr);
  assert.equal(JSON.parse(info.stdout).credentials[0].owner, user.subject);

  const kinds = (JSON.parse(run('', 'status', '--json').stdout).items as { kind: string }[]).map(
    ({ kind }) => kind,
  );
  assert.deepEqual(kinds, ['stored', 'certificate', 'host', 'proxy']);
  assert.match(run('', 'status').stdout, /\nstored +jane +default +█+░* {2}7 d left\n/);

  const changed = run(`${STORED}\nanother pass phrase\n`, 'passwd', '-l', 'jane', '--pass-phrase-stdin');
  assert.equal(changed.code, 0, changed.stderr);

  const wrong = run(`${STORED}\n`, 'logon', '-l', 'jane', '--pass-phrase-stdin');
  assert.equal(wrong.code, 3);
  assert.match(
    wrong.stderr,
    /^latchkey: the pass phrase for "jane" is wrong.*\n {2}hint: it is the one given to "latchkey init".*\n {2}ref: [0-9a-f-]+ \(also in the server's log\)\n$/,
  );
  const reference = /ref: (\S+)/.exec(wrong.stderr)?.[1] ?? 'none';
  assert.ok(readFileSync(join(directory, '.latchkey/latchkey.log'), 'utf8').includes(reference));
  // The line of the audit log is written after the client was answered.
  const audited = () => readFileSync(join(directory, '.latchkey/audit.log'), 'utf8').includes(reference);
  for (let wait = 0; wait < 100 && !audited(); wait += 1) await delay(50);
  assert.ok(audited());

  const file = join(directory, 'pass');
  writeFileSync(file, 'another pass phrase\n', { mode: 0o644 });
  assert.match(
    run('', 'logon', '-l', 'jane', '--pass-phrase-file', file).stderr,
    /others can read.*\n {2}hint: chmod 600/,
  );
  spawnSync('chmod', ['600', file]);
  assert.equal(run('', 'logon', '-l', 'jane', '--pass-phrase-file', file).code, 0);

  const gone = run('', 'destroy', '-l', 'jane', '--json');
  assert.equal(gone.code, 0, gone.stderr);
  const none = run('', 'info', '-l', 'jane', '--json');
  assert.equal(none.code, 5);
  assert.deepEqual(JSON.parse(none.stdout).credentials, []);
  const missing = JSON.parse(
    run('any phrase\n', 'logon', '-l', 'jane', '--pass-phrase-stdin', '--json').stderr,
  );
  assert.equal(missing.error.code, 'repository/not-found');
  assert.equal(missing.error.exitCode, 5);

  assert.equal(run('', 'proxy', 'destroy').code, 0);
  assert.equal(existsSync(proxy.file), false);
  const doctor = JSON.parse(run('', 'doctor', '--json').stdout);
  assert.equal(doctor.ok, true, JSON.stringify(doctor, null, 1));
});

test('store and retrieve: a certificate with its encrypted key goes there and comes back', async (t) => {
  const directory = workspace(t);
  const server = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const run = (input: string, ...argv: string[]) => latchkey(directory, argv, { input });
  const settings = join(directory, '.latchkey/latchkey.toml');
  const text = readFileSync(settings, 'utf8');
  writeFileSync(
    settings,
    text.replace('# authorized_key_retrievers = []', 'authorized_key_retrievers = ["*"]'),
  );
  server.process.kill('SIGHUP');
  run(`${KEY}\n`, 'user', 'add', 'jane', '--pass-phrase-stdin');
  const stored = run(`${KEY}\n`, 'store', '-l', 'jane', '-k', 'long', '-E', 'jane', '--pass-phrase-stdin');
  assert.equal(stored.code, 0, stored.stderr);
  const proxy = run(`${KEY}\n`, 'proxy', 'init', '-l', 'jane', '--pass-phrase-stdin', '--json');
  assert.equal(proxy.code, 0, proxy.stderr);
  const retrieved = run(`${KEY}\n`, 'retrieve', '-l', 'jane', '-k', 'long', '--pass-phrase-stdin');
  assert.equal(retrieved.code, 0, retrieved.stderr);
  const users = join(directory, '.latchkey/users/jane');
  assert.equal(
    readFileSync(join(directory, 'usercert.pem'), 'utf8'),
    readFileSync(join(users, 'usercert.pem'), 'utf8'),
  );
  assert.match(readFileSync(join(directory, 'userkey.pem'), 'utf8'), /ENCRYPTED/);
  const twice = run(`${KEY}\n`, 'retrieve', '-l', 'jane', '-k', 'long', '--pass-phrase-stdin');
  assert.match(twice.stderr, /exists already, and a key is never overwritten/);
});

test('renewal: what is stored without pass phrase is renewed with a proxy by whom it names', async (t) => {
  const directory = workspace(t);
  const server = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const run = (input: string, ...argv: string[]) => latchkey(directory, argv, { input });
  run('', 'user', 'add', 'jane', '--no-pass-phrase');
  run('', 'user', 'add', 'wms', '--no-pass-phrase');
  const settings = join(directory, '.latchkey/latchkey.toml');
  writeFileSync(
    settings,
    readFileSync(settings, 'utf8').replace(
      /# authorized_renewers = .*/,
      'authorized_renewers = ["*/CN=wms"]',
    ),
  );
  server.process.kill('SIGHUP');
  const stored = run('', 'init', '-l', 'jane', '-R', 'wms');
  assert.equal(stored.code, 0, stored.stderr);
  assert.equal(run('', 'proxy', 'init', '-l', 'jane', '-t', '1h', '-o', 'old.pem').code, 0);
  const wms = join(directory, '.latchkey/users/wms');
  const renewing = [
    '--cert',
    join(wms, 'usercert.pem'),
    '--key',
    join(wms, 'userkey.pem'),
    '--renew',
    'old.pem',
  ];
  const renewed = run('', 'logon', '-l', 'jane', '-o', 'new.pem', ...renewing);
  assert.equal(renewed.code, 0, renewed.stderr);
  const jane = join(directory, '.latchkey/users/jane');
  const own = [
    '--cert',
    join(jane, 'usercert.pem'),
    '--key',
    join(jane, 'userkey.pem'),
    '--renew',
    'old.pem',
  ];
  assert.equal(run('', 'logon', '-l', 'jane', '-o', 'no.pem', ...own).code, 3, 'jane herself may not');
});

test('a revoked user is refused, and what the user stored is not given out any more', async (t) => {
  const directory = workspace(t);
  const server = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const run = (input: string, ...argv: string[]) => latchkey(directory, argv, { input });
  run('', 'user', 'add', 'mallory', '--no-pass-phrase');
  const users = join(directory, '.latchkey/users');
  assert.equal(run(`${STORED}\n`, 'init', '-l', 'mallory', '--pass-phrase-stdin').code, 0);
  const revoked = run('', 'user', 'revoke', 'mallory', '--json');
  assert.equal(revoked.code, 0, revoked.stderr);
  assert.equal(existsSync(join(users, 'mallory')), false);
  const { kept } = JSON.parse(revoked.stdout);
  // A running server looks at its trust directory twice a minute; a new one at once.
  await server.stop();
  await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const own = ['--cert', join(kept, 'usercert.pem'), '--key', join(kept, 'userkey.pem')];
  const again = run(`${STORED}\n`, 'init', '-l', 'mallory', '--pass-phrase-stdin', ...own);
  assert.equal(again.code === 0, false);
  assert.match(again.stderr, /revoked/);
  const logon = run(`${STORED}\n`, 'logon', '-l', 'mallory', '--pass-phrase-stdin');
  assert.equal(logon.code, 3);
  assert.match(logon.stderr, /revoked/);
});

test('the C tools work against a first start: encrypted key, EC host certificate, own authority', async (t) => {
  if (!havePeers(t, 'myproxy-init', 'myproxy-logon', 'myproxy-info', 'myproxy-destroy', 'grid-proxy-info'))
    return;
  const directory = workspace(t);
  const server = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  latchkey(directory, ['user', 'add', 'jane', '--pass-phrase-stdin'], { input: `${KEY}\n` });
  const users = join(directory, '.latchkey/users/jane');
  const base = {
    ...personIn(directory),
    X509_CERT_DIR: join(directory, '.latchkey/trust'),
    MYPROXY_SERVER: 'localhost',
    MYPROXY_SERVER_PORT: String(server.port),
    X509_USER_PROXY: '/nonexistent',
    X509_USER_CERT: '/nonexistent',
    X509_USER_KEY: '/nonexistent',
  };
  const jane = {
    ...base,
    X509_USER_CERT: join(users, 'usercert.pem'),
    X509_USER_KEY: join(users, 'userkey.pem'),
  };
  const c = (env: NodeJS.ProcessEnv, input: string, tool: string, ...argv: string[]) =>
    spawnSync(tool, argv, { env, input, encoding: 'utf8', timeout: 60_000, cwd: directory });

  const init = c(jane, `${KEY}\n${STORED}\n`, 'myproxy-init', '-S', '-l', 'jane');
  assert.match(
    init.stdout,
    /A proxy valid for 168 hours \(7\.0 days\) for user jane now exists on localhost/,
    init.stderr,
  );
  const logon = c(base, `${STORED}\n`, 'myproxy-logon', '-S', '-l', 'jane', '-o', 'c.pem');
  assert.equal(logon.status, 0, logon.stderr);
  const proxy = { ...base, X509_USER_PROXY: join(directory, 'c.pem') };
  assert.match(c(proxy, '', 'grid-proxy-info').stdout, /type {5}: RFC 3820 compliant impersonation proxy/);
  const verify = spawnSync(
    findProgram('openssl') ?? 'openssl',
    [
      'verify',
      '-allow_proxy_certs',
      '-CApath',
      base.X509_CERT_DIR,
      '-crl_check_all',
      '-untrusted',
      'c.pem',
      'c.pem',
    ],
    { cwd: directory, encoding: 'utf8' },
  );
  // Without CRLs for the user's own proxies only the authority's list can be looked at.
  assert.match(verify.stdout + verify.stderr, /OK|unable to get certificate CRL/);
  assert.match(c(proxy, '', 'myproxy-info', '-l', 'jane').stdout, /timeleft: 167:59|timeleft: 168:00/);
  const roots = { ...base, X509_CERT_DIR: join(directory, 'fetched') };
  const bootstrap = c(roots, `${STORED}\n`, 'myproxy-logon', '-S', '-b', '-l', 'jane', '-o', 'b.pem');
  assert.equal(bootstrap.status, 0, bootstrap.stderr);
  const destroy = c(proxy, '', 'myproxy-destroy', '-l', 'jane');
  assert.match(destroy.stdout, /was successfully removed/);
});
