import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseResponse } from '../wire/response.ts';
import { TrustRootFiles } from './trust-root-files.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-roots-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function namesSent(files: TrustRootFiles, now: Date): Promise<string[]> {
  const response = parseResponse(await files.answer(now));
  return response.status === 'ok' ? [...(response.trustRoots?.keys() ?? [])] : assert.fail();
}

test('sends what may be sent: regular, readable by everybody, not empty, with a name that can be listed', async (t) => {
  const path = directory(t);
  writeFileSync(join(path, 'a.0'), 'one', { mode: 0o644 });
  writeFileSync(join(path, 'secret.pem'), 'key', { mode: 0o600 });
  writeFileSync(join(path, 'empty'), '');
  writeFileSync(join(path, 'with,comma'), 'x');
  mkdirSync(join(path, 'folder'));
  symlinkSync('a.0', join(path, 'b.0'));
  symlinkSync('nowhere', join(path, 'dangling.0'));
  const files = new TrustRootFiles(path);
  assert.deepEqual(await namesSent(files, new Date(0)), ['a.0', 'b.0']);
  assert.deepEqual(
    (await files.findings()).map((finding) => finding.message),
    [`FAILURE: ${join(path, 'secret.pem')} not world readable. `],
  );
});

test('the answer is kept, and made anew when files have changed', async (t) => {
  const path = directory(t);
  writeFileSync(join(path, 'a.0'), 'one');
  chmodSync(join(path, 'a.0'), 0o644);
  const files = new TrustRootFiles(path);
  const first = await files.answer(new Date(0));
  writeFileSync(join(path, 'b.0'), 'two');
  assert.equal(await files.answer(new Date(1_000)), first, 'not looked at yet');
  assert.deepEqual(await namesSent(files, new Date(6_000)), ['a.0', 'b.0']);
  assert.equal(await files.answer(new Date(12_000)), await files.answer(new Date(18_000)));
});

test('a directory that is not there is an error', async () => {
  await assert.rejects(new TrustRootFiles('/nowhere/at/all').answer(new Date()), { code: 'file/io' });
});
