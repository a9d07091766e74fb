import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../support/workspace.ts';
import { keyTables } from './key-tables.ts';

test('docs/credmon-configuration.md has every key as the reader knows it', () => {
  const page = readFileSync(join(repositoryRoot, 'docs/credmon-configuration.md'), 'utf8');
  const [, between] = page.split(/<!-- keys: .*-->\n|<!-- end of keys -->/);
  assert.equal(between?.trim(), keyTables());
});
