import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { bearerTokenPath, discoverToken, parseBearerToken } from './bearer-token.ts';

test('the text of a token: blanks around it, nothing inside', () => {
  assert.equal(parseBearerToken(' \t\n\v\f\rabc.DEF-_~+/==\r\n', 'x')?.revealText(), 'abc.DEF-_~+/==');
  for (const text of ['', ' ', '\n\v']) assert.equal(parseBearerToken(text, 'x'), undefined);
  for (const text of ['a b', 'a\nb', 'a=b', '"a"', 'ä', 'a\0', '{"access_token":"a"}', '=']) {
    assert.throws(
      () => parseBearerToken(text, 'x'),
      (error) => isLatchkeyError(error, 'tokens/malformed'),
      text,
    );
  }
});

test('BEARER_TOKEN comes before every file', async () => {
  const found = await discoverToken({
    env: { BEARER_TOKEN: 'abc\n', BEARER_TOKEN_FILE: '/nowhere/token' },
    uid: 1,
  });
  assert.deepEqual([found.token.revealText(), found.origin], ['abc', 'BEARER_TOKEN']);
});

test('where a token is written', () => {
  assert.equal(bearerTokenPath({ env: {}, uid: 7 }), '/tmp/bt_u7');
  assert.equal(bearerTokenPath({ env: { XDG_RUNTIME_DIR: '/run/user/7' }, uid: 7 }), '/run/user/7/bt_u7');
  assert.equal(
    bearerTokenPath({ env: { XDG_RUNTIME_DIR: '/run/user/7', BEARER_TOKEN_FILE: '/x/t' }, uid: 7 }),
    '/x/t',
  );
});
