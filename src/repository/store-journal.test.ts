import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LatchkeyError } from '../kit/index.ts';
import { commitSteps } from './store-journal.ts';

function directoryWith(t: TestContext, names: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-journal-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const name of names) writeFileSync(join(directory, name), name);
  return directory;
}

/** Nothing can be written any more. */
const onFullDisk = async (): Promise<string> => {
  const cause = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  throw new LatchkeyError('file/io', 'cannot write', { cause });
};

test('on a full disk a credential can still be destroyed', async (t) => {
  const directory = directoryWith(t, ['a.data', 'a.creds', 'b.data']);
  await commitSteps(directory, [{ file: 'a.data' }, { file: 'a.creds' }], onFullDisk);
  assert.deepEqual(readdirSync(directory), ['b.data']);
});

test('on a full disk nothing is replaced, and nothing half done', async (t) => {
  const directory = directoryWith(t, ['a.data', 'a.creds', 'a.lock', 'new']);
  const steps = [{ file: 'a.data', staged: 'new' }, { file: 'a.lock' }];
  await assert.rejects(commitSteps(directory, steps, onFullDisk), { code: 'file/io' });
  assert.deepEqual(readdirSync(directory).sort(), ['a.creds', 'a.data', 'a.lock']);
});
