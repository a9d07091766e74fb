import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands/command-table.ts';
import * as tokens from '../../src/tokens/index.ts';
import { latchkey } from '../cli-commands/installation.ts';
import { examplesOf, runExample } from '../support/page-examples.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

test('the program of docs/tokens.md runs', async (t) => {
  const directory = workspace(t);
  latchkey(directory, ['key', 'create', 'ring']);
  writeFileSync(join(directory, 'f'), 'what jane may read\n');
  const [example = ''] = examplesOf('docs/tokens.md');
  const run = await runExample(example, directory, { PATH: process.env.PATH });
  assert.match(run.stdout.toString(), /what jane may read/, run.stderr.toString());
});

test('docs/tokens.md names every command of tokens and keys, and only functions that exist', () => {
  const page = readFileSync(join(repositoryRoot, 'docs/tokens.md'), 'utf8');
  for (const { path } of COMMANDS) {
    const [group, name = ''] = path;
    if (group === 'token') assert.ok(page.includes(`latchkey token ${name}`), name);
    if (group === 'key')
      assert.match(page, new RegExp(`latchkey key create.*\`${name}\`|latchkey key ${name}`), name);
  }
  const section = page.slice(page.indexOf('\n`issueToken`, '), page.indexOf('Tokens are `Secret`s'));
  const names = [...section.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  assert.ok(names.length > 10);
  for (const name of names) assert.ok(name in tokens, name);
});
