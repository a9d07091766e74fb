import assert from 'node:assert/strict';
import { pbkdf2 } from 'node:crypto';
import {
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
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

test('a file that cannot be opened at the start is an error; one that fails later is no reason to fall over', async (t) => {
  const complaints: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => complaints.push(text) > 0);
  const place = join(directory(t), 'logs');
  assert.throws(() => new LineFile(join(place, 'log')), {
    code: 'file/io',
    message: /cannot write the log .*ENOENT/,
  });
  assert.deepEqual(complaints, []);
  mkdirSync(place);
  const file = new LineFile(join(place, 'log'));
  rmSync(place, { recursive: true });
  file.reopen();
  file.write('lost\n');
  file.write('lost\n');
  await file.close();
  assert.equal(complaints.length, 1);
  assert.match(complaints[0] ?? '', /cannot write .*ENOENT/);
});

test('a rotation in the middle of a write: what is on its way stays with the old file', async (t) => {
  const path = join(directory(t), 'log');
  const file = new LineFile(path);
  // Every thread that could write is busy for a while.
  const busy = Array.from({ length: 4 }, () => promisify(pbkdf2)('x', 'y', 200_000, 32, 'sha256'));
  file.write('old\n');
  await delay(60);
  renameSync(path, `${path}.1`);
  file.reopen();
  file.write('new\n');
  await Promise.all(busy);
  await file.close();
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'old\n');
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
});

test('a link that somebody else has put in the place of the log is not followed, one of our own is', async (t) => {
  const home = directory(t);
  const path = join(home, 'log');
  const target = join(home, 'target');
  symlinkSync(target, path);
  const own = new LineFile(path);
  own.write('through our link\n');
  await own.close();
  assert.equal(readFileSync(target, 'utf8'), 'through our link\n');
  if (process.geteuid?.() !== 0) return;
  lchownSync(path, 65_534, 65_534);
  assert.throws(() => new LineFile(path), /symbolic link/);
  rmSync(path);
  const file = new LineFile(path);
  file.write('before\n');
  file.reopen();
  renameSync(path, `${path}.1`);
  symlinkSync(target, path);
  lchownSync(path, 65_534, 65_534);
  file.reopen();
  file.write('after\n');
  await file.close();
  assert.equal(readFileSync(target, 'utf8'), 'through our link\n');
});
