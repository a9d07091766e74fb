// Sessions and their lists of contexts: order, copies, failures that nobody waited for, defaults with reasons.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError, runProgram } from '../../src/kit/index.ts';
import { Context, Session, type SessionOptions } from '../../src/session/index.ts';
import { writeProxyFile } from '../../src/x509/index.ts';
import { proxyOf, testAuthority } from '../support/in-process-server.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

function session(t: TestContext, options: SessionOptions = {}): Session {
  const made = new Session({ defaults: false, env: {}, home: '/nowhere', ...options });
  t.after(() => made.close());
  return made;
}

const password = (user_id: string) => new Context('UserPass', { user_id, user_pass: 'secret' });
const users = (one: Session) =>
  [...one.contexts].map((context) => context.type === 'UserPass' && context.user_id);

async function failure(act: Promise<unknown>): Promise<LatchkeyError> {
  const error = await act.then(
    () => assert.fail('it was accepted'),
    (reason) => reason,
  );
  assert.ok(error instanceof LatchkeyError, String(error));
  return error;
}

test('append puts at the end, insert where it was told, addContext at the end too', async (t) => {
  const one = session(t);
  await Promise.all(['a', 'b'].map((name) => one.contexts.append(password(name))));
  await one.contexts.insert(1, password('c'));
  await one.contexts.insert(0, password('d'));
  await one.contexts.insert(-1, password('e'));
  await one.addContext(password('f'));
  assert.deepEqual(users(one), ['d', 'a', 'c', 'e', 'b', 'f']);
  assert.equal(one.contexts.length, 6);
  assert.equal(one.contexts.at(-1)?.type, 'UserPass');
});

test('the order is that of the calls, whatever takes longer', async (t) => {
  const one = session(t);
  const slow = new Context('UserPass', {
    user_id: 'slow',
    user_pass: async () => {
      await delay(20);
      return 'secret';
    },
  });
  const adding = one.contexts.append(slow);
  await one.contexts.append(password('fast'));
  await adding;
  assert.deepEqual(users(one), ['slow', 'fast']);
});

test('a context is copied: what is changed later, here or in another session, has no effect', async (t) => {
  const [one, two] = [session(t), session(t)];
  const context = new Context('UserPass', { user_id: 'jane', user_pass: 'secret' });
  await one.addContext(context);
  context.user_id = 'john';
  await two.addContext(context);
  assert.deepEqual([users(one), users(two)], [['jane'], ['john']]);
  await one.close();
  assert.equal((await two.explain('a')).user, 'john');
});

test('sessions with defaults share nothing', async (t) => {
  const [one, two] = [session(t, { defaults: true }), session(t, { defaults: true })];
  await Promise.all([one.ready(), two.ready()]);
  await one.addContext(password('jane'));
  assert.equal(two.contexts.length, 0);
});

test('an appended context that fails is told by the promise, and by every later use until it is removed', async (t) => {
  const one = session(t);
  const bad = new Context('SSH', { user_key: '/nowhere/key' });
  // Nobody waits for this one, as in Python.
  void one.contexts.append(bad);
  await one.contexts.append(password('jane'));
  const told = await failure(one.ready());
  assert.match(told.message, /SSH 1 cannot be used: there is no ssh key "\/nowhere\/key"/);
  for (const use of [
    () => one.list(),
    () => one.explain('a'),
    () => one.connect({ scheme: 'ssh', host: 'a' }),
  ] satisfies (() => Promise<unknown>)[]) {
    assert.equal((await failure(use())).message, told.message);
  }
  assert.deepEqual(users(one), ['jane'], 'it is not in the list');
  assert.ok(await one.contexts.remove(bad));
  await one.ready();
});

test('addContext fails once and leaves no trace', async (t) => {
  const one = session(t);
  await failure(one.addContext(new Context('SSH', { user_key: '/nowhere/key' })));
  await one.ready();
  assert.equal(one.contexts.length, 0);
});

test('anything but a context is a mistake of the program', async (t) => {
  const one = session(t);
  for (const wrong of [undefined, 'ssh', {}, { type: 'SSH' }]) {
    assert.throws(() => one.contexts.append(wrong as unknown as Context), TypeError);
    await assert.rejects(one.addContext(wrong as unknown as Context), TypeError);
  }
});

test('an aborted check ends, and its context is not in the list', async (t) => {
  const one = session(t);
  const context = new Context('SSH', { user_key: '~/x', user_pass: { command: ['sleep', '60'] } });
  const directory = workspace(t);
  if (!havePeers(t, 'ssh-keygen')) return;
  await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'x', '-f', join(directory, 'key')]);
  context.user_key = join(directory, 'key');
  const abort = new AbortController();
  const adding = one.addContext(context, { signal: abort.signal });
  abort.abort();
  await assert.rejects(adding);
  assert.equal(one.contexts.length, 0);
});

test('the defaults: keys in order, the agent, a proxy, a token, the AWS environment; and why others were skipped', async (t) => {
  if (!havePeers(t, 'ssh-keygen', 'ssh-agent', 'ssh-add')) return;
  const home = workspace(t);
  const ssh = join(home, '.ssh');
  mkdirSync(ssh, { mode: 0o700 });
  const keygen = async (type: string, name: string, passPhrase: string) => {
    await runProgram('ssh-keygen', ['-q', '-t', type, '-a', '2', '-N', passPhrase, '-f', join(ssh, name)]);
  };
  await keygen('ecdsa', 'id_ecdsa', '');
  await keygen('ed25519', 'id_ed25519', 'a pass phrase');
  await keygen('rsa', 'id_rsa', '');
  chmodSync(join(ssh, 'id_rsa'), 0o644);
  await keygen('ed25519', 'for_agent', '');
  writeFileSync(join(ssh, 'config'), 'Host x\n');
  const socket = join(home, 'agent');
  const agent = spawn(findProgram('ssh-agent') ?? '', ['-D', '-a', socket], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => agent.kill());
  await new Promise((resolve) => agent.stdout.once('data', resolve));
  const added = await runProgram('ssh-add', [join(ssh, 'for_agent')], {
    env: { ...process.env, SSH_AUTH_SOCK: socket },
  });
  assert.equal(added.code, 0, added.stderr.toString());
  const proxy = await writeProxyFile(
    await proxyOf(await (await testAuthority()).issue('Jane')),
    join(home, 'proxy'),
  );
  const one = session(t, {
    defaults: true,
    home,
    env: {
      SSH_AUTH_SOCK: socket,
      X509_USER_PROXY: proxy,
      BEARER_TOKEN: 'an.opaque.token',
      AWS_ACCESS_KEY_ID: 'AKIAXXXXXXXXXXXXXXXX',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI',
      AWS_REGION: 'eu-central-1',
    },
  });
  await one.ready();
  const reports = await one.list();
  assert.deepEqual(
    reports.map(({ name }) => name),
    ['default agent', 'default SSH id_ecdsa', 'default X509', 'default Token', 'default EC2'],
  );
  assert.ok(reports.every(({ isDefault }) => isDefault));
  const access = await one.ec2Access();
  assert.deepEqual([access.accessKeyId, access.region], ['AKIAXXXXXXXXXXXXXXXX', 'eu-central-1']);
  assert.equal(access.secretAccessKey.revealText(), 'wJalrXUtnFEMI', 'access key and secret are not swapped');
  const { skippedDefaults, used } = await one.explain('somewhere');
  const why = Object.fromEntries(skippedDefaults.map((skipped) => [skipped.place, skipped.why]));
  assert.match(why['~/.ssh/id_ed25519'] ?? '', /encrypted: add it to an agent/);
  assert.match(why['~/.ssh/id_rsa'] ?? '', /others may use/);
  assert.match(why['~/.ssh/config'] ?? '', /ssh itself reads it/);
  assert.deepEqual(
    used.map(({ context }) => context),
    ['default agent', 'default SSH id_ecdsa'],
  );
  const explicit = await one.addContext(new Context('SSH', { user_key: join(ssh, 'for_agent') }));
  assert.equal((await one.explain('somewhere')).used[0]?.context, 'SSH 1', 'explicit ones come first');
  assert.equal([...one.contexts][0], explicit);
});

test('a machine with nothing: no contexts, and a reason for every place', async (t) => {
  const one = session(t, {
    defaults: true,
    home: workspace(t),
    uid: 4_000_000,
    env: { SSH_AUTH_SOCK: '/nowhere/agent' },
  });
  await one.ready();
  assert.equal(one.contexts.length, 0);
  const { skippedDefaults } = await one.explain('somewhere');
  for (const place of [
    'SSH_AUTH_SOCK',
    '~/.ssh/id_ed25519',
    '/tmp/x509up_u4000000',
    'bearer token',
    'AWS_ACCESS_KEY_ID',
  ]) {
    assert.ok(
      skippedDefaults.some((skipped) => skipped.place === place && skipped.why !== ''),
      `${place} in ${JSON.stringify(skippedDefaults)}`,
    );
  }
});
