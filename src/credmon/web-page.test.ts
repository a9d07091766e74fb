import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWebListen } from './web-page.ts';

test('where a page listens', () => {
  assert.deepEqual(parseWebListen('127.0.0.1:8443'), { host: '127.0.0.1', port: 8443 });
  assert.deepEqual(parseWebListen('ap.example.org:443'), { host: 'ap.example.org', port: 443 });
  assert.deepEqual(parseWebListen('[::1]:0'), { host: '::1', port: 0 });
  assert.deepEqual(parseWebListen('*:8443'), { host: '::', port: 8443 });
  assert.deepEqual(parseWebListen('unix:/run/latchkey/web.sock'), { socket: '/run/latchkey/web.sock' });
  for (const wrong of ['', '8443', ':8443', '127.0.0.1', 'a:65536', 'unix:web.sock', '::1:80', 'http://a:80'])
    assert.equal(parseWebListen(wrong), undefined, wrong);
});
