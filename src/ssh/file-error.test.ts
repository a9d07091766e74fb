import assert from 'node:assert/strict';
import { test } from 'node:test';
import { removable } from './file-error.ts';

test('the root, the login directory and what is above it are never removed', () => {
  for (const path of [
    '/',
    '//',
    '.',
    './',
    'x/..',
    '..',
    '../..',
    '/tmp/..',
    '/home',
    '/home/',
    '/home/alice',
    '/home/alice/',
    '',
  ])
    assert.throws(() => removable(path, '/home/alice'), TypeError, path);
  assert.throws(() => removable('/', '/'), TypeError);
});

test('what is elsewhere or below may be removed', () => {
  for (const [path, absolute] of [
    ['job', '/home/alice/job'],
    ['../al', '/home/al'],
    ['/home/alice2/', '/home/alice2'],
    ['~', '/home/alice/~'],
    ['/tmp/x', '/tmp/x'],
  ] as const)
    assert.equal(removable(path, '/home/alice'), absolute);
  assert.equal(removable('/tmp', '/'), '/tmp');
});
