import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAtEveryStep } from './rotation-steps.ts';

test('killed at every step of a rotation, a valid refresh token survives', async (t) => {
  const seen = await killAtEveryStep(t, 'grace');
  const steps = seen.map(({ where }) => where);
  assert.ok(
    steps.some((step) => /before rename/.test(step)),
    steps.join('\n'),
  );
  assert.ok(
    steps.some((step) => /before file\.sync, server had rotated/.test(step)),
    steps.join('\n'),
  );
  assert.ok(
    steps.some((step) => /after rename/.test(step)),
    steps.join('\n'),
  );
  assert.deepEqual(
    seen.filter(({ survived }) => !survived),
    [],
  );
  t.diagnostic(`${seen.length} steps`);
});
