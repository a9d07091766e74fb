import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { workspace } from '../../test/support/workspace.ts';
import { writeTemporary } from './atomic-file.ts';
import { removeStaleTemporaries } from './stale-temporaries.ts';

test('what writers that are no more have left is removed, and nothing else', async (t) => {
  const directory = workspace(t);
  const path = join(directory, 'names.json');
  await writeTemporary(path, 'of a process with our number, before us');
  const dead = '.names.json.0000ff112233.tmp';
  const alive = '.names.json.0000fe112233.tmp';
  const others = [
    alive,
    '.names.json.tmp',
    '.names.json.0000ff11223.tmp',
    '.other.json.0000ff112233.tmp',
    'names.json',
  ];
  for (const name of [dead, ...others]) writeFileSync(join(directory, name), '');
  mkdirSync(join(directory, '.names.json.0000ff112244.tmp'));
  await removeStaleTemporaries(path, (pid) => pid === 0xfe);
  assert.deepEqual(readdirSync(directory).sort(), [...others, '.names.json.0000ff112244.tmp'].sort());
});

test('where there is no such directory there is nothing to remove', async (t) => {
  await removeStaleTemporaries(join(workspace(t), 'nowhere', 'names.json'));
});
