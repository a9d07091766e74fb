import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError, Secret } from '../kit/index.ts';
import { hopConfig, jumpCommand } from './client-config.ts';
import type { SshCredential } from './options.ts';
import { checkTarget } from './target.ts';

function config(credential: SshCredential, more: Partial<Parameters<typeof hopConfig>[0]> = {}): string {
  return hopConfig({
    credential,
    hostKeys: { policy: 'strict' },
    configFile: 'none',
    connectTimeoutSeconds: 30,
    keepAlive: { seconds: 10, count: 3 },
    namesQuestions: true,
    tellsBanner: true,
    proxyCommand: undefined,
    ...more,
  });
}

test('host keys are checked whatever is asked for, and the user’s file comes after what we say', () => {
  assert.match(config({}), /^StrictHostKeyChecking yes$/m);
  const text = config({}, { hostKeys: { policy: 'accept-new' }, configFile: undefined });
  assert.match(text, /^StrictHostKeyChecking accept-new$/m);
  assert.ok(text.indexOf('StrictHostKeyChecking') < text.indexOf('Include ~/.ssh/config'));
});

test('nothing is asked where nothing could be answered, and no secret is in the file', () => {
  assert.match(config({}), /^BatchMode yes$/m);
  const text = config({ password: new Secret('hush'), passPhrases: new Map([['/k', new Secret('hush')]]) });
  assert.match(text, /^BatchMode no$/m);
  assert.doesNotMatch(text, /hush/);
});

test('a server’s questions are left alone by an ssh that passes them on as its own', () => {
  const credential = { password: new Secret('hush') };
  assert.doesNotMatch(config(credential), /KbdInteractiveAuthentication/);
  assert.match(config(credential, { namesQuestions: false }), /^KbdInteractiveAuthentication no$/m);
});

test('a path is one value, and one that cannot be expressed is refused', () => {
  assert.match(config({ identityFiles: ['/a b/50%/#id'] }), /^IdentityFile "\/a b\/50%%\/#id"$/m);
  for (const path of ['/a"b', '/a\nProxyCommand x', '/$' + '{HOME}', '/a\\b']) {
    assert.throws(
      () => config({ identityFiles: [path] }),
      (error) => isLatchkeyError(error, 'ssh/unsupported'),
    );
  }
});

test('the words of a jump host are quoted for the shell and for ssh’s own percent signs', () => {
  assert.equal(
    jumpCommand({ program: '/opt/my ssh', index: 1, words: ['-F', '/tmp/50%/c', '--', 'jump'] }),
    "env LATCHKEY_HOP=1 '/opt/my ssh' -W '[%h]:%p' -F /tmp/50%%/c -- jump",
  );
});

test('a target that could be taken for an option, or for more than one word, is a TypeError', () => {
  for (const host of ['-oProxyCommand=x', 'a b', 'a;b', '$(id)', '', 'a\nb', '`id`']) {
    assert.throws(() => checkTarget({ host }), TypeError, host);
  }
  for (const user of ['-l', 'a b', '$x', 'a;b', 'x\\']) {
    assert.throws(() => checkTarget({ host: 'h', user }), TypeError, user);
  }
  for (const port of [0, 65_536, 1.5, Number.NaN])
    assert.throws(() => checkTarget({ host: 'h', port }), TypeError);
  for (const host of ['host.example.org', '::1', 'fe80::1%eth0', '192.0.2.1', 'my_alias'])
    checkTarget({ host });
  checkTarget({ host: 'h', user: 'DOMAIN\\alice' });
  checkTarget({ host: 'h', user: 'alice@REALM' });
});
