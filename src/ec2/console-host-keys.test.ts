import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostKeysOnConsole } from './console-host-keys.ts';

const A = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa6KmYF12/LKON+4rf6ST7o1OJUgq4FXJWv+0Gwbiy1';
const B = A.replace('IMa6', 'IMa7');
const block = (...lines: string[]) =>
  ['-----BEGIN SSH HOST KEY KEYS-----', ...lines, '-----END SSH HOST KEY KEYS-----'].join('\r\n');

test('keys are read from between other messages, with and without a prefix', () => {
  const console = `booting\n${block('[   12.3] random: crng init done', `${A} root@ip-10-0-0-1`, `<14>Nov 22 ec2: ${B} root@x`)}\nlogin: `;
  assert.deepEqual(hostKeysOnConsole(console), [A, B]);
});

test('of two boots the last one counts, and a block that has no end yet does not', () => {
  assert.deepEqual(hostKeysOnConsole(`${block(A)}\nreboot\n${block(B)}`), [B]);
  assert.deepEqual(hostKeysOnConsole(block(A).split('-----END')[0] ?? ''), []);
  assert.deepEqual(hostKeysOnConsole(''), []);
});

test('a torn line is no key', () => {
  assert.deepEqual(hostKeysOnConsole(block(A.replace('ssh-ed25519', 'ssh-rsa'))), []);
  assert.deepEqual(hostKeysOnConsole(block(`${A.slice(0, 30)}[ 3.1] usb ${A.slice(30)}`)), []);
});

test('only what is inside the block counts', () => {
  assert.deepEqual(hostKeysOnConsole(`${B}\n${block(A)}\n${B}`), [A]);
});
