import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KeeperEvent, Lease } from '../../keeper/index.ts';
import { count, emptyDistribution } from './distribution.ts';
import { expositionText } from './exposition.ts';
import { boundLabels } from './label-bound.ts';
import { Tallies } from './tallies.ts';
import { auditEntryOf } from './token-audit.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const lease: Lease = { id: 'alice/mytokens', owner: 'alice', kind: 'token', provider: 'mytokens' };

const renewed: KeeperEvent = {
  type: 'renewed',
  lease,
  held: {
    kind: 'token',
    id: 'jti-1',
    subject: 'alice',
    scope: 'read:/',
    issuedAt: NOW,
    expiresAt: new Date(NOW.getTime() + 1_200_000),
  },
  durationMs: 12,
};

function failed(code: 'oauth/invalid-grant' | 'oauth/unavailable'): KeeperEvent {
  return {
    type: 'failed',
    lease,
    failure: { code, message: `because of ${code}`, at: NOW },
    failures: 1,
    nextAt: NOW,
    expiresAt: undefined,
  };
}

test('renewals, failures by cause, breakers and the latency of requests are counted', () => {
  const tallies = new Tallies();
  tallies.requested(lease.id, new Date(NOW.getTime() - 30));
  tallies.record(renewed, NOW);
  tallies.record(renewed, NOW);
  tallies.record(failed('oauth/unavailable'), NOW);
  tallies.record(failed('oauth/unavailable'), NOW);
  tallies.record(failed('oauth/invalid-grant'), NOW);
  tallies.record({ type: 'breaker', authority: 'https://op.example', state: 'open' }, NOW);
  assert.equal(tallies.renewed.get('mytokens'), 2);
  assert.deepEqual(
    tallies.failures().map(({ cause, count: times, message }) => [cause, times, message]),
    [
      ['oauth/unavailable', 2, 'because of oauth/unavailable'],
      ['oauth/invalid-grant', 1, 'because of oauth/invalid-grant'],
    ],
  );
  assert.equal(tallies.breakers.get('https://op.example'), 'open');
  assert.equal(
    tallies.latency.counts.reduce((sum, part) => sum + part, 0),
    1,
  );
  assert.equal(tallies.latency.sum, 0.03);
});

test('names that others choose cannot make labels without end', () => {
  const labelOf = boundLabels(2);
  assert.deepEqual(['a', 'b', 'c', 'a', 'd'].map(labelOf), ['a', 'b', 'other', 'a', 'other']);
});

test('the audit says issue for what is signed here, refresh for what a server gave, deny for a refusal', () => {
  assert.deepEqual(
    auditEntryOf(renewed, NOW, () => false),
    {
      time: '2026-11-22T12:00:00.000Z',
      event: 'refresh',
      lease: 'alice/mytokens',
      owner: 'alice',
      provider: 'mytokens',
      kind: 'token',
      id: 'jti-1',
      subject: 'alice',
      scope: 'read:/',
      expiresAt: '2026-11-22T12:20:00.000Z',
    },
  );
  assert.equal(auditEntryOf(renewed, NOW, () => true)?.event, 'issue');
  assert.equal(auditEntryOf(failed('oauth/invalid-grant'), NOW, () => false)?.event, 'deny');
  assert.equal(
    auditEntryOf(failed('oauth/unavailable'), NOW, () => false),
    undefined,
  );
});

test('a distribution counts every value once, at or below its bound', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: 0, max: 100 })), (values) => {
      const distribution = emptyDistribution([1, 10]);
      for (const value of values) count(distribution, value);
      assert.deepEqual(distribution.counts, [
        values.filter((value) => value <= 1).length,
        values.filter((value) => value > 1 && value <= 10).length,
        values.filter((value) => value > 10).length,
      ]);
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('label values and help are escaped, families without samples are left out', () => {
  assert.equal(
    expositionText([
      {
        name: 'a_total',
        help: 'one\nline',
        type: 'counter',
        samples: [{ labels: { p: 'x"\\\n' }, value: 2 }],
      },
      { name: 'b', help: 'none', type: 'gauge', samples: [] },
      {
        name: 'c',
        help: 'h',
        type: 'histogram',
        samples: [{ value: { bounds: [1], counts: [2, 3], sum: 7.5 } }],
      },
    ]),
    [
      '# HELP a_total one\\nline',
      '# TYPE a_total counter',
      'a_total{p="x\\"\\\\\\n"} 2',
      '# HELP c h',
      '# TYPE c histogram',
      'c_bucket{le="1"} 2',
      'c_bucket{le="+Inf"} 5',
      'c_sum 7.5',
      'c_count 5',
      '',
    ].join('\n'),
  );
});
