import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseState, LeaseStatus } from '../../keeper/index.ts';
import { ENDING_WITHIN_SECONDS, leaseFigures } from './lease-figures.ts';
import { judgeReadiness } from './readiness.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const after = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

function status(id: string, state: LeaseState, more: Partial<LeaseStatus> = {}): LeaseStatus {
  return {
    lease: { id, owner: 'alice', kind: 'token', provider: 'scitokens' },
    state,
    authority: 'local',
    expiresAt: undefined,
    issuedAt: undefined,
    credentialId: undefined,
    lastRenewedAt: undefined,
    nextAt: undefined,
    failures: 0,
    lastError: undefined,
    ...more,
  };
}

function figuresOf(...leases: LeaseStatus[]): ReturnType<typeof leaseFigures> {
  return leaseFigures({ list: () => leases.values() }, NOW, (provider) => provider);
}

test('states, the soonest end, and how many end within what', () => {
  const { providers } = figuresOf(
    status('a', 'current', { expiresAt: after(1200) }),
    status('b', 'current', { expiresAt: after(-5) }),
    status('c', 'waiting'),
  );
  const figures = providers.get('scitokens');
  assert.deepEqual(figures?.states, { current: 2, waiting: 1 });
  assert.equal(figures?.soonestEndSeconds, -5);
  assert.deepEqual(
    figures?.endingWithin,
    ENDING_WITHIN_SECONDS.map((seconds) => (seconds >= 1200 ? 2 : 1)),
  );
});

test('what is due and waits counts as overdue; what is under way does not', () => {
  const { overdue, oldestOverdueSeconds, stuck } = figuresOf(
    status('a', 'current', { nextAt: after(-10) }),
    status('b', 'retrying', { nextAt: after(-500), failures: 3 }),
    status('c', 'renewing', { nextAt: after(-900) }),
    status('d', 'current', { nextAt: after(10) }),
  );
  assert.equal(overdue, 2);
  assert.equal(oldestOverdueSeconds, 500);
  assert.deepEqual(stuck, { leaseId: 'a', seconds: 10 });
});

test('ready means: looked once, can write, nothing due for a minute without a reason', () => {
  const good = { hasScanned: true, directory: 'ok', figures: { stuck: undefined } };
  assert.equal(judgeReadiness(good).ok, true);
  assert.equal(judgeReadiness({ ...good, hasScanned: false }).ok, false);
  assert.match(judgeReadiness({ ...good, directory: 'cannot write' }).checks.directory, /cannot write/);
  assert.equal(judgeReadiness({ ...good, figures: { stuck: { leaseId: 'a/b', seconds: 59 } } }).ok, true);
  const hung = judgeReadiness({ ...good, figures: { stuck: { leaseId: 'a/b', seconds: 61.4 } } });
  assert.equal(hung.checks.schedule, 'a/b has been due for 61 s');
});
