import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError, Secret } from '../../kit/index.ts';
import { askOnce } from './secret-source.ts';

test('a function is asked once, and only when the answer is needed', async () => {
  let asked = 0;
  const ask = askOnce(() => {
    asked += 1;
    return new Secret('x');
  }, undefined);
  assert.equal(asked, 0);
  const answers = await Promise.all([ask(), ask()]);
  assert.equal(asked, 1);
  assert.equal(answers[0], answers[1]);
});

test('no source is an empty pass phrase', async () => {
  assert.ok((await askOnce(undefined, undefined)()).isEmpty);
});

test('somebody who does not answer is not waited for after the signal', async () => {
  const controller = new AbortController();
  const answer = askOnce(() => new Promise<Secret>(() => {}), controller.signal)();
  controller.abort();
  await assert.rejects(answer, (error) => isLatchkeyError(error, 'myproxy/cancelled'));
});
