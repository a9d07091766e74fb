import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownServer } from './known-servers.ts';

test('a server is known by its name in any case, and by the host of its URLs', () => {
  for (const name of ['BOX', 'GDRIVE', 'ONEDRIVE', 'DROPBOX']) {
    const server = knownServer(name.toLowerCase());
    assert.equal(server?.name, name);
    assert.equal(knownServer(server?.authorizationUrl)?.name, name);
    assert.equal(knownServer(server?.tokenUrl)?.name, name);
  }
});

test('what only looks like one is none', () => {
  for (const other of [
    undefined,
    'mytokens',
    'https://box.com.evil.example/token',
    'https://notbox.com/token',
    'https://op.example/box.com',
    'https://accounts.google.com.example/o',
  ]) {
    assert.equal(knownServer(other), undefined, other);
  }
});
