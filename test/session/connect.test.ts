// Which credential goes to which host, against real sshds on loopback.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { isLatchkeyError, LatchkeyError, runProgram } from '../../src/kit/index.ts';
import { Context, Session, type SessionOptions } from '../../src/session/index.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { type SshGround, startSshd } from '../support/sshd.ts';
import { workspace } from '../support/workspace.ts';

async function ground(t: TestContext): Promise<SshGround | undefined> {
  return havePeers(t, 'sshd', 'ssh', 'ssh-keygen') ? await startSshd(t) : undefined;
}

function emptySession(t: TestContext, { knownHosts }: SshGround, options: SessionOptions = {}): Session {
  const session = new Session({
    ...{ defaults: false, env: {}, home: '/nowhere' },
    hostKeys: { policy: 'strict', knownHostsFiles: [knownHosts] },
    ...options,
  });
  t.after(() => session.close());
  return session;
}

function requestOf({ target, user }: SshGround) {
  return { scheme: 'ssh', host: target.host, port: target.port, user } as const;
}

async function failure(act: Promise<unknown>): Promise<LatchkeyError> {
  const error = await act.then(
    () => assert.fail('it was let in'),
    (reason) => reason,
  );
  assert.ok(error instanceof LatchkeyError, String(error));
  return error;
}

test('a key, an encrypted key and a certificate let us in', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined) return;
  const contexts = [
    new Context('SSH', { user_id: sshd.user, user_key: sshd.key }),
    new Context('SSH', { user_id: sshd.user, user_key: sshd.encryptedKey, user_pass: sshd.passPhrase }),
    new Context('SSH', { user_id: sshd.user, user_key: sshd.certifiedKey('certified') }),
  ];
  for (const context of contexts) {
    const session = emptySession(t, sshd);
    await session.addContext(context);
    const { user: _user, ...request } = requestOf(sshd);
    const connection = await session.connect(request);
    const { stdout } = await connection.run(['whoami']);
    assert.equal(stdout.toString(), `${sshd.user}\n`);
    assert.equal(await session.connect(request), connection, 'the same connection again');
  }
});

test('the agent of a session with defaults lets us in, and what was added comes before it', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined || !havePeers(t, 'ssh-agent', 'ssh-add')) return;
  const home = workspace(t);
  writeFileSync(join(home, 'config'), '# nothing\n', { mode: 0o600 });
  const socket = join(home, 'agent');
  const agent = spawn(findProgram('ssh-agent') ?? '', ['-D', '-a', socket], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => agent.kill());
  await new Promise((resolve) => agent.stdout.once('data', resolve));
  const env = { SSH_AUTH_SOCK: socket };
  await runProgram(findProgram('ssh-add') ?? '', ['-q', sshd.key], { env: { ...process.env, ...env } });
  const session = emptySession(t, sshd, { defaults: true, env, home, configFile: join(home, 'config') });
  const { used } = await session.explain(requestOf(sshd));
  assert.equal(used[0]?.context, 'default agent');
  assert.equal((await (await session.connect(requestOf(sshd))).run(['true'])).exitCode, 0);
  await session.addContext(new Context('SSH', { user_key: sshd.strangerKey }));
  // A key that was added for this host is tried, and the agent's others are not: servers count attempts.
  assert.equal((await failure(session.connect(requestOf(sshd)))).code, 'ssh/denied');
});

test('a session without the credential cannot ride on the connection of another one', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined) return;
  const rich = emptySession(t, sshd);
  await rich.addContext(new Context('SSH', { user_key: sshd.key }));
  const connection = await rich.connect(requestOf(sshd));
  assert.equal((await connection.run(['true'])).exitCode, 0);
  const stranger = emptySession(t, sshd);
  await stranger.addContext(new Context('SSH', { user_key: sshd.strangerKey }));
  assert.equal((await failure(stranger.connect(requestOf(sshd)))).code, 'ssh/denied');
  const poor = emptySession(t, sshd);
  const nothing = await failure(poor.connect(requestOf(sshd)));
  assert.equal(nothing.code, 'session/no-credential');
  assert.match(nothing.hint ?? '', /no contexts/);
  const wrongPassword = emptySession(t, sshd);
  await wrongPassword.addContext(
    new Context('UserPass', { user_id: sshd.user, user_pass: 'no such password' }),
  );
  assert.equal((await failure(wrongPassword.connect(requestOf(sshd)))).code, 'ssh/denied');
  // Still there for the one whose it is.
  assert.equal((await connection.run(['true'])).exitCode, 0);
});

test('an empty session uses neither the keys in ~/.ssh nor the configuration there', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined) return;
  const home = workspace(t);
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  symlinkSync(sshd.key, join(home, '.ssh', 'id_ed25519'));
  const before = process.env.HOME;
  process.env.HOME = home;
  t.after(() => {
    process.env.HOME = before;
  });
  const session = emptySession(t, sshd);
  await session.addContext(new Context('SSH', { user_id: sshd.user }));
  assert.equal((await failure(session.connect(requestOf(sshd)))).code, 'session/no-credential');
});

test('closing a session ends its connections and not those of others; nothing can be done with it then', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined) return;
  const [one, two] = [emptySession(t, sshd), emptySession(t, sshd)];
  const context = new Context('SSH', { user_key: sshd.key });
  await Promise.all([one.addContext(context), two.addContext(context)]);
  const [first, second] = await Promise.all([one.connect(requestOf(sshd)), two.connect(requestOf(sshd))]);
  assert.notEqual(first, second);
  await one.close();
  await one.close();
  await assert.rejects(first.run(['true']));
  assert.equal((await second.run(['true'])).exitCode, 0);
  const uses: (() => Promise<unknown>)[] = [
    () => one.connect(requestOf(sshd)),
    () => one.addContext(context),
    () => one.ready(),
    async () => one.source(context),
  ];
  for (const use of uses) assert.equal((await failure(use())).code, 'session/closed');
});

test('two contexts for two hosts with two names live in one session; without scopes they are a conflict', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined) return;
  const { user: _user, ...request } = requestOf(sshd);
  const session = emptySession(t, sshd);
  await session.addContext(
    new Context('SSH', { user_id: 'somebody', user_key: sshd.strangerKey, hosts: 'other.*' }),
  );
  await session.addContext(
    new Context('SSH', { user_id: sshd.user, user_key: sshd.key, hosts: '127.0.0.*' }),
  );
  assert.equal((await (await session.connect(request)).run(['true'])).exitCode, 0);
  const { used, skipped, userFrom } = await session.explain(`ssh://127.0.0.1:${request.port}`);
  assert.deepEqual([used.length, skipped.length, userFrom], [1, 1, 'SSH 2']);
  assert.match(skipped[0]?.why ?? '', /it is for hosts other\.\*/);
  const torn = emptySession(t, sshd);
  await torn.addContext(new Context('SSH', { user_id: 'somebody', user_key: sshd.strangerKey }));
  await torn.addContext(new Context('SSH', { user_id: sshd.user, user_key: sshd.key }));
  assert.equal((await failure(torn.connect(request))).code, 'session/conflict');
  assert.ok((await torn.explain(request)).conflict);
  assert.match(
    (await torn.list())[0]?.warnings[0] ?? '',
    /^SSH 2 wants another login name for the same hosts/,
  );
  assert.deepEqual((await session.list())[0]?.warnings, []);
  assert.equal((await (await torn.connect(requestOf(sshd))).run(['true'])).exitCode, 0);
});

test('nothing secret in errors, reports and explanations', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined) return;
  const session = emptySession(t, sshd);
  const password = 'correct-horse-battery';
  await session.addContext(new Context('UserPass', { user_id: sshd.user, user_pass: password }));
  await session.addContext(new Context('SSH', { user_key: sshd.encryptedKey, user_pass: sshd.passPhrase }));
  const connection = await session.connect(requestOf(sshd));
  const shown = inspect(
    [
      session,
      connection.description,
      await session.list(),
      await session.explain(requestOf(sshd)),
      [...session.contexts],
    ],
    { depth: 12, showHidden: true },
  );
  for (const secret of [password, sshd.passPhrase]) assert.ok(!shown.includes(secret), secret);
  for (const name of ['/proc/self/environ']) assert.ok(!readFileSync(name, 'latin1').includes(password));
});

test('a caller who gives up waits no longer, and the others get their connection', async (t) => {
  const sshd = await ground(t);
  if (sshd === undefined) return;
  const session = emptySession(t, sshd);
  await session.addContext(new Context('SSH', { user_key: sshd.key }));
  const controller = new AbortController();
  const impatient = session.connect({ ...requestOf(sshd), signal: controller.signal });
  const patient = session.connect(requestOf(sshd));
  controller.abort(new Error('enough'));
  await assert.rejects(impatient, /enough/);
  assert.equal((await (await patient).run(['true'])).exitCode, 0);
  assert.ok(!isLatchkeyError(controller.signal.reason));
});
