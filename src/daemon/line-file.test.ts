import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LineFile } from './line-file.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-lines-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('lines arrive in order, in a file nobody else reads, and the last ones before the close too', async (t) => {
  const path = join(directory(t), 'log');
  const file = new LineFile(path);
  for (let line = 0; line < 100; line += 1) file.write(`${line}\n`);
  await file.close();
  assert.equal(readFileSync(path, 'utf8'), Array.from({ length: 100 }, (_, line) => `${line}\n`).join(''));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const again = new LineFile(path);
  again.write('more\n');
  await again.close();
  assert.match(readFileSync(path, 'utf8'), /99\nmore\n$/);
});

test('after rotation, reopen begins a new file and loses nothing', async (t) => {
  const path = join(directory(t), 'log');
  const file = new LineFile(path);
  file.write('old\n');
  file.reopen();
  renameSync(path, `${path}.1`);
  file.write('between\n');
  file.reopen();
  file.write('new\n');
  await file.close();
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'old\nbetween\n');
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
});

test('a file that cannot be written is no reason to fall over', async (t) => {
  const complaints: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => complaints.push(text) > 0);
  const file = new LineFile(join(directory(t), 'missing', 'log'));
  file.write('lost\n');
  file.write('lost\n');
  await file.close();
  assert.equal(complaints.length, 1);
  assert.match(complaints[0] ?? '', /cannot write .*ENOENT/);
});
