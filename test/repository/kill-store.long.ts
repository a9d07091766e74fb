import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killStore } from './kill-store.ts';

test('500 kills: every credential is whole, old or new', { timeout: 900_000 }, async (t) => {
  const report = await killStore(t, 500);
  t.diagnostic(JSON.stringify(report));
  assert.ok(report.operations > 500 && report.recoveries > 10, JSON.stringify(report));
});
