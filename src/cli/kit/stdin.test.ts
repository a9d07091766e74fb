import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { inputReader } from './stdin.ts';

const reader = (...chunks: string[]) =>
  inputReader(() => Readable.from(chunks.map((chunk) => Buffer.from(chunk))));

test('input: lines across chunks, the last one without a newline, then the end', async () => {
  const input = reader('one\ntw', 'o\n\nlast');
  assert.equal(await input.readLine(), 'one');
  assert.equal(await input.readLine(), 'two');
  assert.equal(await input.readLine(), '');
  assert.equal(await input.readLine(), 'last');
  assert.equal(await input.readLine(), undefined);
});

test('input: an overlong line is cut as fgets cuts it', async () => {
  const input = reader(`${'x'.repeat(1500)}\n`);
  assert.equal((await input.readLine())?.length, 1023);
  assert.equal((await input.readLine())?.length, 477);
});

test('input: the rest after a line', async () => {
  const input = reader('first\nsecond\nthird');
  await input.readLine();
  assert.equal((await input.readRest()).toString(), 'second\nthird');
});
