import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPromptOf, promptLogin, readPrompt } from './prompt.ts';

test('OpenSSH’s own prompts are read', () => {
  assert.deepEqual(readPrompt("Enter passphrase for key '/home/a b/id': "), {
    kind: 'pass-phrase',
    keyPath: '/home/a b/id',
  });
  assert.deepEqual(readPrompt("alice@host's password: "), { kind: 'password', login: 'alice@host' });
  assert.deepEqual(readPrompt('(alice@host) Password: '), { kind: 'password', login: 'alice@host' });
  assert.deepEqual(readPrompt('(alice@host) Password for alice@host:'), {
    kind: 'password',
    login: 'alice@host',
  });
  assert.deepEqual(readPrompt('(new@h) LDAP Password for new@h: '), { kind: 'password', login: 'new@h' });
  assert.deepEqual(readPrompt('Password: '), { kind: 'password', login: undefined });
});

test('whatever else is asked is nobody’s', () => {
  for (const prompt of [
    "The authenticity of host 'h (1.2.3.4)' can't be established.\nAre you sure you want to continue connecting (yes/no/[fingerprint])? ",
    '(alice@host) Verification code: ',
    'Enter PIN for YubiKey: ',
    "Enter PIN for 'PKCS#11': ",
    '(alice@host) Your password has expired. New password\n: ',
    '(alice@host) Retype new password: ',
    '(alice@host) Current password: ',
    '(alice@host) One time password: ',
    'Add key /k (id) to agent?',
    '',
    "Enter passphrase for key '/k': \nalice@host's password: ",
  ]) {
    assert.deepEqual(readPrompt(prompt), { kind: 'other' }, prompt);
  }
});

test('long names are cut as the prompt cuts them', () => {
  assert.equal(promptLogin('u'.repeat(40), 'h'.repeat(200)), `${'u'.repeat(30)}@${'h'.repeat(128)}`);
  const path = `/${'k'.repeat(150)}`;
  assert.ok(isPromptOf(path, path.slice(0, 100)));
  assert.ok(!isPromptOf(path, path.slice(0, 99)));
  assert.ok(!isPromptOf('/a', '/b'));
});
