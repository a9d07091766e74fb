import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openKeeperJournal, readKeeperJournal } from '../../src/keeper/index.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { workspace } from '../support/workspace.ts';

const now = Date.now();
const failing = {
  failures: 3,
  needsAction: true,
  lastRenewedAt: now - 1000,
  nextAt: now + 60_000,
  lastError: {
    code: 'oauth/invalid-grant' as const,
    message: 'the login has ended',
    hint: 'log in again',
    at: new Date(now),
  },
};

test('what is remembered is there after a restart, and can be read from outside', async (t) => {
  const path = join(workspace(t), 'journal');
  assert.equal((await readKeeperJournal(path)).size, 0);
  const journal = await openKeeperJournal(path);
  journal.remember('ann/x', failing);
  journal.remember('bob/y', { failures: 0, lastRenewedAt: now });
  journal.remember('cem/z', { failures: 0, lastRenewedAt: now });
  journal.forget('cem/z');
  assert.deepEqual(journal.recall('ann/x'), failing);
  await journal.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const histories = await readKeeperJournal(path);
  assert.deepEqual([...histories.keys()], ['ann/x', 'bob/y']);
  assert.deepEqual(histories.get('ann/x'), failing);
  const again = await openKeeperJournal(path);
  assert.equal(again.recall('ann/x')?.failures, 3);
  assert.equal(again.recall('cem/z'), undefined);
  await again.close();
});

test('a torn last line and damaged ones lose what they said and nothing else', async (t) => {
  const path = join(workspace(t), 'journal');
  const journal = await openKeeperJournal(path);
  for (const id of ['a/x', 'b/x', 'c/x']) journal.remember(id, failing);
  await journal.close();
  truncateSync(path, statSync(path).size - 20);
  chmodSync(path, 0o644);
  const torn = await openKeeperJournal(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(torn.recall('c/x'), undefined);
  torn.remember('d/x', failing);
  await torn.close();
  appendFileSync(path, '\u0000\u0000garbage\n{"lease":7}\n');
  assert.deepEqual([...(await readKeeperJournal(path)).keys()], ['a/x', 'b/x', 'd/x']);
});

test('it is written anew when it has grown, and forgets what nothing was heard of for a month', async (t) => {
  const path = join(workspace(t), 'journal');
  const old = { failures: 0, lastRenewedAt: now - 31 * 24 * 3_600_000 };
  const journal = await openKeeperJournal(path, { flushMs: 1 });
  journal.remember('old/x', old);
  const message = 'm'.repeat(10_000);
  for (let round = 0; round < 700; round += 1) {
    journal.remember('ann/x', { ...failing, failures: round, lastError: { ...failing.lastError, message } });
    const before = statSync(path).size;
    const end = Date.now() + 5000;
    while (statSync(path).size === before) {
      assert.ok(Date.now() < end, 'it is not written');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  await journal.close();
  assert.ok(statSync(path).size < 5 << 20, `${statSync(path).size} bytes`);
  const again = await openKeeperJournal(path);
  assert.equal(again.recall('ann/x')?.failures, 699);
  assert.equal(again.recall('old/x'), undefined);
  await again.close();
});

test('it is bounded, and is no link or directory', async (t) => {
  const directory = workspace(t);
  const journal = await openKeeperJournal(join(directory, 'journal'), { maxLeases: 2 });
  for (const id of ['a/x', 'b/x', 'c/x']) journal.remember(id, failing);
  assert.equal(journal.recall('c/x'), undefined);
  await journal.close();
  writeFileSync(join(directory, 'target'), 'untouched');
  symlinkSync(join(directory, 'target'), join(directory, 'link'));
  for (const path of [join(directory, 'link'), directory])
    await assert.rejects(openKeeperJournal(path), (error) => isLatchkeyError(error, 'keeper/journal'));
  assert.equal(readFileSync(join(directory, 'target'), 'utf8'), 'untouched');
});
