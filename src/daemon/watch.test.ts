import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Watch } from './watch.ts';

test('tells of each change once, and does not look more than twice a second', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-watch-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'config');
  let now = 1_000_000;
  const watch = new Watch([path, path], { now: () => new Date(now), sleep: async () => {} });
  assert.equal(await watch.hasChanged(), false, 'the first look');
  writeFileSync(path, 'one');
  assert.equal(await watch.hasChanged(), false, 'too early');
  now += 500;
  assert.equal(await watch.hasChanged(), true);
  now += 500;
  assert.equal(await watch.hasChanged(), false);
  writeFileSync(path, 'longer');
  now += 500;
  assert.equal(await watch.hasChanged(), true);
  unlinkSync(path);
  now += 500;
  assert.equal(await watch.hasChanged(), true);
});

test('a file that is still being written is left for later, unless somebody reads it anyway', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-watch-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'config');
  let now = 1_000_000_000_000;
  const write = (text: string, at: number): void => {
    writeFileSync(path, text);
    utimesSync(path, at / 1_000, at / 1_000);
  };
  write('old', now - 60_000);
  const watch = new Watch([path], { now: () => new Date(now), sleep: async () => {} }, { settleMs: 1_000 });
  await watch.hasChanged();
  now += 600;
  write('half of', now - 100);
  assert.equal(await watch.hasChanged(), false, 'written a moment ago');
  now += 1_000;
  assert.equal(await watch.hasChanged(), true, 'nobody has touched it for a second');
  write('more', now);
  await watch.accept();
  now += 2_000;
  assert.equal(await watch.hasChanged(), false, 'known already');
});
