import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryPidFile, writePidFile } from './pid-file.ts';

function pidPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-pid-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'pid');
}

test('holds the number without newline, for the owner only, and goes away', async (t) => {
  const path = pidPath(t);
  const file = await writePidFile(path);
  assert.equal(readFileSync(path, 'latin1'), String(process.pid));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await file.remove();
  assert.equal(existsSync(path), false);
});

test('a living server keeps it, also against a lenient caller', async (t) => {
  const path = pidPath(t);
  // The process that runs this test was started by a Node process, which lives.
  writeFileSync(path, String(process.ppid));
  await assert.rejects(writePidFile(path), { code: 'daemon/already-running' });
  await assert.rejects(
    tryPidFile(path, () => {}),
    { code: 'daemon/already-running' },
  );
  assert.equal(readFileSync(path, 'latin1'), String(process.ppid));
});

test('a dead one, or what is no number, does not', async (t) => {
  const path = pidPath(t);
  for (const old of ['999999999', 'x', '', '-1', '0']) {
    writeFileSync(path, old);
    await writePidFile(path);
    assert.equal(readFileSync(path, 'latin1'), String(process.pid));
  }
});

test('somebody else who has taken it over keeps it; a place that cannot be written is a warning', async (t) => {
  const path = pidPath(t);
  const file = await writePidFile(path);
  writeFileSync(path, '4242');
  await file.remove();
  assert.equal(readFileSync(path, 'latin1'), '4242');
  const warnings: string[] = [];
  assert.equal(await tryPidFile(join(path, 'below-a-file'), (line) => warnings.push(line)), undefined);
  assert.match(warnings[0] ?? '', /^Cannot open or create pidfile/);
});
