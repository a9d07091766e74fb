import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LeaseHistory } from './journal.ts';
import { formatJournalLine, parseJournalLine } from './journal-line.ts';

const time = fc.integer({ min: 0, max: 4e12 });
const history: fc.Arbitrary<LeaseHistory> = fc.record(
  {
    failures: fc.nat(1000),
    needsAction: fc.constant(true),
    lastRenewedAt: time,
    nextAt: time,
    lastError: fc.record(
      {
        code: fc.constantFrom('file/io' as const, 'oauth/unavailable' as const, 'unexpected' as const),
        message: fc.string({ maxLength: 300 }),
        hint: fc.string({ maxLength: 100 }),
        at: time.map((at) => new Date(at)),
      },
      { requiredKeys: ['code', 'message', 'at'] },
    ),
  },
  { requiredKeys: ['failures', 'lastError'] },
);

test('what is written is read again, on one line', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), history, (id, wanted) => {
      const line = formatJournalLine(id, wanted);
      assert.ok(!line.includes('\n'));
      const parsed = parseJournalLine(line);
      assert.equal(parsed?.id, id);
      assert.deepEqual(JSON.parse(JSON.stringify(parsed?.history)), JSON.parse(JSON.stringify(wanted)));
    }),
  );
  assert.deepEqual(parseJournalLine(formatJournalLine('a', undefined)), { id: 'a', history: undefined });
});

test('no torn or foreign line is taken for another, and none throws', () => {
  fc.assert(
    fc.property(history, fc.nat(200), (wanted, cut) => {
      const line = formatJournalLine('ann/x', wanted);
      assert.equal(parseJournalLine(line.slice(0, Math.min(cut, line.length - 1))), undefined);
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      parseJournalLine(line);
    }),
  );
  for (const line of ['', 'null', '[]', '{}', '{"lease":3}', `{"lease":"${'x'.repeat(20_000)}"}`])
    assert.equal(parseJournalLine(line), undefined);
});
