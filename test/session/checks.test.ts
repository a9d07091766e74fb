// Every context is really checked when it is added: the defects of the SAGA family, each with what happens here.
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { isLatchkeyError, LatchkeyError, runProgram, Secret } from '../../src/kit/index.ts';
import { Context, Session, type SessionOptions } from '../../src/session/index.ts';
import { buildCertificate, keySigner, writeProxyFile } from '../../src/x509/index.ts';
import { proxyOf, type TestIdentity, testAuthority } from '../support/in-process-server.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

/** An empty session in a directory of its own, with an environment that has nothing. */
function emptySession(t: TestContext, directory: string, options: SessionOptions = {}): Session {
  const session = new Session({
    defaults: false,
    env: {},
    home: directory,
    directory,
    ...options,
  });
  t.after(() => session.close());
  return session;
}

async function keygen(path: string, passPhrase = '', ...more: string[]): Promise<string> {
  const args = ['-q', '-t', 'ed25519', '-a', '2', '-N', passPhrase, '-C', 'test', ...more, '-f', path];
  const run = await runProgram('ssh-keygen', args);
  assert.equal(run.code, 0, run.stderr.toString());
  return path;
}

async function failure(act: Promise<unknown>): Promise<LatchkeyError> {
  const error = await act.then(
    () => assert.fail('it was accepted'),
    (reason) => reason,
  );
  assert.ok(error instanceof LatchkeyError, String(error));
  return error;
}

test('an encrypted key in OpenSSH format: a wrong pass phrase, and none, are noticed', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const user_key = await keygen(join(directory, 'key'), 'the right one');
  const session = emptySession(t, directory);
  const wrong = await failure(session.addContext(new Context('SSH', { user_key, user_pass: 'a wrong one' })));
  assert.equal(wrong.code, 'ssh/pass-phrase-wrong');
  assert.match(wrong.message, /SSH 1/);
  assert.ok(isLatchkeyError(wrong.cause, 'ssh/pass-phrase-wrong'));
  const none = await failure(session.addContext(new Context('SSH', { user_key })));
  assert.equal(none.code, 'ssh/pass-phrase-needed');
  assert.equal(session.contexts.length, 0);
  await session.addContext(new Context('SSH', { user_key, user_pass: 'the right one' }));
  assert.equal(session.contexts.length, 1);
});

test('a pass phrase is not run by any shell, nor seen in the process list', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const evil = `'; touch ${join(directory, 'injected')}; echo '`;
  const user_key = await keygen(join(directory, `key $(touch ${'injected2'})`), evil);
  const session = emptySession(t, directory);
  await session.addContext(new Context('SSH', { user_key, user_pass: evil }));
  const wrong = await failure(session.addContext(new Context('SSH', { user_key, user_pass: `${evil}x` })));
  assert.equal(wrong.code, 'ssh/pass-phrase-wrong');
  assert.ok(!inspect(wrong).includes('touch /'), 'the error does not repeat it');
  assert.ok(!existsSync(join(directory, 'injected')));
  assert.ok(!existsSync('injected2'));
});

test('the public half is not needed, may be named instead, and must not be of another key', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const path = await keygen(join(directory, 'key'));
  const session = emptySession(t, directory);
  await session.addContext(new Context('SSH', { user_key: `${path}.pub` }));
  await session.addContext(new Context('SSH', { user_cert: `${path}.pub` }));
  const other = await keygen(join(directory, 'other'));
  copyFileSync(`${other}.pub`, `${path}.pub`);
  const mixed = await failure(session.addContext(new Context('SSH', { user_key: path })));
  assert.equal(mixed.code, 'session/context-unusable');
  assert.match(mixed.hint ?? '', /ssh-keygen -y/);
  rmSync(`${path}.pub`);
  await session.addContext(new Context('SSH', { user_key: path }));
});

test('~, $HOME, variables and file URLs name the key', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  mkdirSync(join(directory, '.ssh'));
  await keygen(join(directory, '.ssh', 'ec2_key'));
  const session = emptySession(t, directory, { env: { KEYS: join(directory, '.ssh') } });
  for (const user_key of [
    '~/.ssh/ec2_key',
    '$HOME/.ssh/ec2_key',
    `\${KEYS}/ec2_key`,
    new URL(`file://${directory}/.ssh/ec2_key`),
  ]) {
    await session.addContext(new Context('SSH', { user_key }));
  }
  const reports = await session.list();
  for (const { summary } of reports)
    assert.ok(summary.startsWith(join(directory, '.ssh', 'ec2_key')), summary);
});

test('a key that others may read is refused with the remedy, or used with a warning where that was chosen', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const user_key = await keygen(join(directory, 'key'));
  chmodSync(user_key, 0o644);
  const refused = await failure(emptySession(t, directory).addContext(new Context('SSH', { user_key })));
  assert.equal(refused.code, 'file/unsafe');
  assert.equal(refused.hint, `chmod 600 ${user_key}`);
  const lenient = emptySession(t, directory, { permissions: 'warn' });
  await lenient.addContext(new Context('SSH', { user_key }));
  assert.match((await lenient.list())[0]?.warnings[0] ?? '', /others may use the ssh key .* \(mode 0644\)/);
});

test('what is no key says so: garbage, a directory, a missing file, a public key', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const session = emptySession(t, directory);
  const place = (name: string, text: string) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  await keygen(join(directory, 'key'));
  const cases: [string, string][] = [
    [place('garbage', 'hello\n'), 'ssh/key-malformed'],
    [place('half', readFileSync(join(directory, 'key'), 'utf8').slice(0, 150)), 'ssh/key-malformed'],
    [place('public', readFileSync(join(directory, 'key.pub'), 'utf8')), 'ssh/key-malformed'],
    [directory, 'file/unsafe'],
    [join(directory, 'nothing'), 'file/io'],
  ];
  for (const [user_key, code] of cases) {
    assert.equal((await failure(session.addContext(new Context('SSH', { user_key })))).code, code, user_key);
  }
});

test('a certificate beside the key: of another key, of a host, and one that has ended', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const ca = await keygen(join(directory, 'ca'));
  const path = await keygen(join(directory, 'key'));
  const certify = async (key: string, ...args: string[]) => {
    const run = await runProgram('ssh-keygen', [
      '-q',
      '-s',
      ca,
      '-I',
      'id',
      '-n',
      'jane',
      ...args,
      `${key}.pub`,
    ]);
    assert.equal(run.code, 0, run.stderr.toString());
    return `${key}-cert.pub`;
  };
  const session = emptySession(t, directory);
  const add = (attributes = {}) => session.addContext(new Context('SSH', { user_key: path, ...attributes }));
  await certify(path, '-V', '-2d:-1d');
  await add();
  assert.match((await session.list())[0]?.warnings[0] ?? '', /ended at .*is not used/);
  assert.equal((await failure(add({ user_cert: `${path}-cert.pub` }))).code, 'session/context-unusable');
  const other = await certify(await keygen(join(directory, 'other')), '-V', '-1d:+1d');
  assert.match((await failure(add({ user_cert: other }))).message, /for another key/);
  await certify(path, '-h', '-V', '-1d:+1d');
  assert.match((await failure(add())).message, /certificate of a host/);
  await certify(path, '-V', '-1d:+1d');
  await add({ user_cert: `${path}-cert.pub` });
});

test('where a secret comes from: text, Secret, function, variable, program, file', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const user_key = await keygen(join(directory, 'key'), 'the right one');
  const file = join(directory, 'pass');
  writeFileSync(file, 'the right one\n', { mode: 0o600 });
  const session = emptySession(t, directory, { env: { MY_PASS: 'the right one' } });
  for (const user_pass of [
    'the right one',
    new Secret('the right one'),
    () => 'the right one',
    async () => new Secret('the right one'),
    { env: 'MY_PASS' },
    { command: [process.execPath, '-e', 'console.log("the right one")'] },
    { file },
    { file: '~/pass' },
  ]) {
    await session.addContext(new Context('SSH', { user_key, user_pass }));
  }
  chmodSync(file, 0o644);
  const cases: [object, string][] = [
    [{ env: 'NOTHING' }, 'session/context-unusable'],
    [{ command: ['/nowhere/pass'] }, 'program/failed'],
    [{ command: [process.execPath, '-e', 'process.exit(3)'] }, 'session/context-unusable'],
    [{ file }, 'file/unsafe'],
  ];
  for (const [user_pass, code] of cases) {
    const context = new Context('SSH', { user_key, user_pass: user_pass as { env: string } });
    assert.equal((await failure(session.addContext(context))).code, code);
  }
});

async function place(directory: string, name: string, identity: TestIdentity): Promise<string> {
  return await writeProxyFile(identity, join(directory, name));
}

test('a proxy is read: garbage, another key, an old one and one of nobody we trust are refused', async (t) => {
  const directory = workspace(t);
  const authority = await testAuthority();
  const jane = await authority.issue('Jane');
  const session = emptySession(t, directory);
  const good = await place(directory, 'good', await proxyOf(jane));
  await session.addContext(new Context('X509', { user_proxy: good }));
  const garbage = join(directory, 'garbage');
  writeFileSync(garbage, 'this is no proxy\n', { mode: 0o600 });
  const old = await place(directory, 'old', await proxyOf(jane, { now: new Date(Date.now() - 7_200_000) }));
  const mixed = join(directory, 'mixed');
  const [mine, other] = [await proxyOf(jane), await proxyOf(jane)];
  await writeProxyFile(mine, mixed);
  const otherPath = await place(directory, 'other', other);
  const keyOf = (text: string) =>
    /-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----/.exec(text)?.[0] ?? '';
  const text = readFileSync(mixed, 'utf8');
  writeFileSync(mixed, text.replace(keyOf(text), keyOf(readFileSync(otherPath, 'utf8'))), { mode: 0o600 });
  const open = await place(directory, 'open', await proxyOf(jane));
  chmodSync(open, 0o640);
  const cases: [string, string][] = [
    [garbage, 'x509/key-malformed'],
    [mixed, 'x509/key-mismatch'],
    [old, 'proxy/expired'],
    [open, 'file/unsafe'],
    [join(directory, 'missing'), 'file/io'],
  ];
  for (const [user_proxy, code] of cases) {
    const error = await failure(session.addContext(new Context('X509', { user_proxy })));
    assert.equal(error.code, code, `${user_proxy}: ${error.message}`);
    assert.ok(error.message.includes(user_proxy), error.message);
  }
  // A trust directory that is named decides.
  const empty = join(directory, 'certificates');
  mkdirSync(empty);
  const untrusted = new Context('X509', { user_proxy: good, cert_repository: empty });
  assert.equal((await failure(session.addContext(untrusted))).code, 'x509/path-invalid');
  const limited = await place(directory, 'limited', await proxyOf(jane, { limited: true }));
  await session.addContext(new Context('X509', { user_proxy: limited }));
  assert.match((await session.list()).at(-1)?.warnings[0] ?? '', /limited/);
});

test('a proxy that ends soon is refused where more time is wanted', async (t) => {
  const directory = workspace(t);
  const user_proxy = await place(
    directory,
    'proxy',
    await proxyOf(await (await testAuthority()).issue('Jane')),
  );
  const session = emptySession(t, directory, { leastSecondsLeft: 7200 });
  const error = await failure(session.addContext(new Context('X509', { user_proxy })));
  assert.equal(error.code, 'proxy/expired');
  assert.match(error.message, /ends in 3[56]\d\d s, at least 7200 s are wanted/);
});

test('an X509 context without a path is the default proxy, not a relative file', async (t) => {
  const directory = workspace(t);
  const proxy = await proxyOf(await (await testAuthority()).issue('Jane'));
  const session = emptySession(t, directory, { uid: 12_345 });
  const missing = await failure(session.addContext(new Context('X509')));
  assert.match(missing.message, /"\/tmp\/x509up_u12345"/);
  const path = await place(directory, 'proxy', proxy);
  const named = emptySession(t, directory, { env: { X509_USER_PROXY: path } });
  await named.addContext(new Context('X509'));
  assert.ok((await named.list())[0]?.summary.startsWith(path));
});

test("the brief's spelling of the default proxy is taken when only that exists, and that is said", async (t) => {
  if (process.geteuid?.() !== 0) return t.skip('needs root, to give a file to a user who has none yet');
  const uid = 900_000_000 + (process.pid % 1_000_000);
  const misprint = `/tmp/x509_u${uid}`;
  t.after(() => rmSync(misprint, { force: true }));
  await writeProxyFile(await proxyOf(await (await testAuthority()).issue('Jane')), misprint);
  chownSync(misprint, uid, uid);
  const session = emptySession(t, workspace(t), { uid });
  await session.addContext(new Context('X509'));
  assert.match(
    (await session.list())[0]?.warnings.join() ?? '',
    /x509_u\d+ is used; other programs look for/,
  );
});

test('a VOMS context wants a proxy of its organisation', async (t) => {
  const directory = workspace(t);
  const user_proxy = await place(
    directory,
    'plain',
    await proxyOf(await (await testAuthority()).issue('Jane')),
  );
  const session = emptySession(t, directory);
  const plain = await failure(session.addContext(new Context('VOMS', { user_proxy, user_vo: 'atlas' })));
  assert.match(plain.message, /no attributes of any organisation, not of "atlas"/);
  assert.equal(
    (await failure(session.addContext(new Context('VOMS', { user_proxy })))).code,
    'session/context-invalid',
  );
});

test('a proxy whose attributes cannot be read is taken for no organisation', async (t) => {
  const directory = workspace(t);
  const jane = await (await testAuthority()).issue('Jane');
  const plain = await proxyOf(jane);
  const [proxy] = plain.chain;
  assert.ok(proxy);
  // The policy authority stands in it, and nothing else that belongs there.
  const attributes = {
    oid: '1.3.6.1.4.1.8005.100.100.5',
    critical: false,
    value: Buffer.from('0…atlas://voms.example:15001…'),
  };
  const { subject, issuer, serialNumber, notBefore, notAfter, spki, extensions } = proxy;
  const signer = keySigner(jane.privateKey);
  const fields = { subject, issuer, serialNumber, notBefore, notAfter, spki, signer };
  const dressed = await buildCertificate({ ...fields, extensions: [...extensions, attributes] });
  const user_proxy = await place(directory, 'dressed', {
    chain: [dressed, ...jane.chain],
    privateKey: plain.privateKey,
  });
  const session = emptySession(t, directory);
  for (const user_vo of ['atlas', 'cms']) {
    const refused = await failure(session.addContext(new Context('VOMS', { user_proxy, user_vo })));
    assert.equal(refused.code, 'voms/attributes-refused');
    assert.match(refused.message, /attributes in the proxy cannot be read: not a well-formed list/);
  }
});

test('access key and secret in each other’s place are noticed', async (t) => {
  const session = emptySession(t, workspace(t));
  const id = `AKIA${'X'.repeat(16)}`;
  const swapped = await failure(
    session.addContext(new Context('EC2', { user_id: 'wJalr/secret', user_key: id })),
  );
  assert.match(swapped.hint ?? '', /changed places/);
  await session.addContext(
    new Context('EC2', { user_id: id, user_key: 'wJalr/secret', region: 'eu-west-1' }),
  );
  const access = await session.ec2Access();
  assert.deepEqual([access.accessKeyId, access.region], [id, 'eu-west-1']);
  assert.equal(access.secretAccessKey.revealText(), 'wJalr/secret');
});

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2ln`;
}

test('a token: its end is read, an old one is refused, one of a function is asked for each time', async (t) => {
  const directory = workspace(t);
  const session = emptySession(t, directory);
  const exp = Math.floor(Date.now() / 1000) + 600;
  const file = join(directory, 'token');
  writeFileSync(file, `${jwt({ sub: 'jane', exp })}\n`, { mode: 0o600 });
  const context = new Context('Token', { token_file: file });
  await session.addContext(context);
  assert.equal(session.expiresAt(context)?.getTime(), exp * 1000);
  assert.equal(session.isRenewable(context), false);
  const old = jwt({ exp: exp - 3600 });
  assert.equal(
    (await failure(session.addContext(new Context('Token', { token: old })))).code,
    'tokens/rejected',
  );
  assert.equal((await failure(session.addContext(new Context('Token')))).code, 'tokens/not-found');
  assert.equal(
    (await failure(session.addContext(new Context('Token', { token: 'two words' })))).code,
    'tokens/malformed',
  );
  let asked = 0;
  const provider = new Context('Token', {
    token: async () => {
      asked += 1;
      return jwt({ exp, jti: String(asked) });
    },
  });
  await session.addContext(provider);
  assert.ok(session.isRenewable(provider));
  const source = session.source(provider);
  const lease = { id: 'x', owner: 'jane', kind: 'token', provider: 'x' };
  const credential = await source.obtain(lease, AbortSignal.timeout(5000));
  assert.deepEqual([credential.id, credential.kind, asked], ['2', 'token', 2]);
  assert.match(credential.bytes.revealText(), /^ey[^\n]+\n$/);
});

test('a proxy that somebody made anew is what the source gives next', async (t) => {
  const directory = workspace(t);
  const jane = await (await testAuthority()).issue('Jane');
  const user_proxy = await place(directory, 'proxy', await proxyOf(jane));
  const session = emptySession(t, directory);
  const context = await session.addContext(new Context('X509', { user_proxy }));
  const source = session.source(context);
  const lease = { id: 'x', owner: 'jane', kind: 'x509-proxy', provider: 'x' };
  const first = await source.obtain(lease, AbortSignal.timeout(5000));
  assert.equal(first.expiresAt?.getTime(), session.expiresAt(context)?.getTime());
  await place(directory, 'proxy', await proxyOf(jane));
  const second = await source.obtain(lease, AbortSignal.timeout(5000));
  assert.notEqual(first.id, second.id);
  assert.ok(!readdirSync(directory).some((name) => name.startsWith('latchkey-session')), 'nothing was made');
});
