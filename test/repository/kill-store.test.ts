import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killStore } from './kill-store.ts';

test('writers killed at random moments leave every credential whole, old or new', {
  timeout: 60_000,
}, async (t) => {
  const report = await killStore(t, 16);
  t.diagnostic(JSON.stringify(report));
  assert.ok(report.operations > 50, `only ${report.operations} operations`);
});
