import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAtEveryStep } from './rotation-steps.ts';

test('a server that takes a refresh token only once: lost is what is killed between its rotation and our rename, and nothing else', async (t) => {
  const seen = await killAtEveryStep(t, 'strict');
  const renamed = seen.findIndex(({ where }) => /after rename/.test(where));
  assert.ok(renamed > 0);
  for (const [index, { where, survived }] of seen.entries()) {
    if (where.startsWith('request')) continue;
    const isInWindow = index < renamed && where.includes('server had rotated');
    assert.equal(survived, !isInWindow, where);
  }
  // The server goes on when its client is dead: what it answers to nobody is lost.
  const requests = seen.filter(({ where }) => where.startsWith('request'));
  assert.deepEqual(
    requests.map(({ survived }) => survived),
    [false, false, false],
  );
  t.diagnostic(`${seen.filter(({ survived }) => !survived).length} of ${seen.length} steps lose the login`);
});
