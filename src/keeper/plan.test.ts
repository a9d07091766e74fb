import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf } from './plan.ts';

const lease = { id: 'ann/scitokens', owner: 'ann', kind: 'token', provider: 'scitokens' };
const from = new Date('2026-11-22T12:00:00Z');
const minutes = (value: number) => new Date(from.getTime() + value * 60_000);
const atMinute = (at: Date) => Math.round((at.getTime() - from.getTime()) / 6000) / 10;

test('tells every renewal in the time asked for', () => {
  const held = { issuedAt: from, expiresAt: minutes(20) };
  const plan = planOf([{ lease, held }], { from, until: minutes(40) });
  assert.deepEqual(
    plan.map(({ at }) => atMinute(at)),
    [11.4, 22.8, 34.2],
  );
  assert.deepEqual(plan[0]?.replaces, minutes(20));
});

test('what is overdue or missing comes at once; leases are told in order of time', () => {
  const other = { ...lease, id: 'bob/mytokens' };
  const overdue = { lease, held: { issuedAt: minutes(-60), expiresAt: minutes(-1) } };
  const plan = planOf([overdue, { lease: other, held: undefined, lifetimeSeconds: 3600 }], {
    from,
    until: minutes(50),
  });
  assert.deepEqual(
    plan.map(({ lease: { id }, at }) => [id, atMinute(at)]),
    [
      ['ann/scitokens', 0],
      ['bob/mytokens', 0],
      ['ann/scitokens', 33.6],
      ['bob/mytokens', 34.2],
    ],
  );
});

test('is bounded', () => {
  const held = { issuedAt: from, expiresAt: from };
  assert.equal(planOf([{ lease, held }], { from, until: minutes(1e9), maxRenewals: 10 }).length, 10);
});
