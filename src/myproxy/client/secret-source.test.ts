import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../kit/index.ts';
import { askOnce, type SecretSource } from './secret-source.ts';

test('a pass phrase is asked for once, and a bare string is refused before anything is sent', async () => {
  let asked = 0;
  const ask = askOnce(() => {
    asked += 1;
    return new Secret('correct horse');
  }, undefined);
  assert.equal((await ask()).revealText(), 'correct horse');
  await ask();
  assert.equal(asked, 1);
  const bare: unknown = 'correct horse';
  assert.throws(() => askOnce(bare as SecretSource, undefined), /^TypeError: a pass phrase must be a Secret/);
});
