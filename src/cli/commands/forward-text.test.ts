import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../../kit/index.ts';
import { parseForward } from './forward-text.ts';

test('forwards as ssh writes them, behind their letter', () => {
  assert.deepEqual(parseForward('L:8080:db:5432'), {
    kind: 'local',
    listen: { port: 8080 },
    connect: { host: 'db', port: 5432 },
  });
  assert.deepEqual(parseForward('r:[::1]:2222:localhost:22'), {
    kind: 'remote',
    listen: { host: '::1', port: 2222 },
    connect: { host: 'localhost', port: 22 },
  });
  assert.deepEqual(parseForward('L:/run/a.sock:/run/b.sock'), {
    kind: 'local',
    listen: { socketPath: '/run/a.sock' },
    connect: { socketPath: '/run/b.sock' },
  });
  assert.deepEqual(parseForward('R:0.0.0.0:0:/run/b.sock'), {
    kind: 'remote',
    listen: { host: '0.0.0.0', port: 0 },
    connect: { socketPath: '/run/b.sock' },
  });
  assert.deepEqual(parseForward('D:1080'), { kind: 'dynamic', listen: { port: 1080 } });
  assert.deepEqual(parseForward('D:127.0.0.1:1080'), {
    kind: 'dynamic',
    listen: { host: '127.0.0.1', port: 1080 },
  });
});

test('what is no forward is told with the forms', () => {
  for (const text of [
    '',
    '8080:db:5432',
    'L:8080',
    'L:8080:db',
    'L:x:db:1',
    'L:99999:db:1',
    'D:/run/s',
    'X:1:b:2',
    'L:1:2:3:4:5',
    'L:8080:db:0',
    'R:8080:db:0',
  ])
    assert.throws(
      () => parseForward(text),
      (error) => isLatchkeyError(error, 'cli/usage'),
      text,
    );
});
