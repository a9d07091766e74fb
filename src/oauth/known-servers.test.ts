import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parametersWantedBy } from './known-servers.ts';

test('a server is known by its host, and what only looks like one is none', () => {
  const google = { access_type: 'offline', prompt: 'consent' };
  assert.deepEqual(parametersWantedBy('https://accounts.google.com/o/oauth2/v2/auth'), google);
  assert.deepEqual(parametersWantedBy('https://www.dropbox.com/oauth2/authorize'), {
    token_access_type: 'offline',
  });
  for (const other of [
    '',
    'https://accounts.google.com.evil.example/o',
    'https://notaccounts.google.com/o',
    'https://op.example/www.dropbox.com',
  ]) {
    assert.deepEqual(parametersWantedBy(other), {}, other);
  }
});
