import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands/command-table.ts';
import { EXIT_CODES } from '../../src/cli/commands/exit-codes.ts';
import { sampleSettings } from '../../src/daemon/sample-settings.ts';
import { parseSettings } from '../../src/daemon/settings-document.ts';
import { SETTINGS_SCHEMA } from '../../src/daemon/settings-schema.ts';
import { SERVER_CONFIG_KEYS } from '../../src/myproxy/index.ts';
import { MODELS_SECTION } from '../../src/remote/model-server/settings/toml-settings.ts';
import { repositoryRoot } from '../support/workspace.ts';

const page = (name: string): string => readFileSync(join(repositoryRoot, 'docs', name), 'utf8');

test('docs/configuration.md names every key of latchkey.toml, and every honoured one of myproxy-server.config', () => {
  const text = page('configuration.md');
  for (const [section, schema] of Object.entries(SETTINGS_SCHEMA.entries)) {
    // It has a page of its own, held against its keys by test/credmon-config/page.test.ts.
    if (section === 'credmon' || !('entries' in schema.wrapped)) continue;
    for (const key of Object.keys(schema.wrapped.entries)) {
      assert.ok(text.includes(`\`${key}\``) || text.includes(`\`${section}.${key}\``), `${section}.${key}`);
    }
  }
  for (const { key, support } of SERVER_CONFIG_KEYS) {
    // Where the log of a daemon goes has no counterpart in latchkey.toml.
    if (support === undefined && !key.startsWith('syslog_')) assert.ok(text.includes(`\`${key}\``), key);
  }
});

test('docs/model-server.md names every key of [models]', () => {
  for (const key of Object.keys(MODELS_SECTION.entries))
    assert.ok(page('model-server.md').includes(`\`${key}\``), key);
});

test('docs/getting-started.md has the exit codes as they are, and only commands that exist', () => {
  const text = page('getting-started.md');
  for (const [code, meaning] of EXIT_CODES)
    assert.ok(text.includes(`| ${code} | ${meaning} |`), String(code));
  const words = new Set(COMMANDS.map(({ path }) => path[0]));
  for (const [, word = ''] of text.matchAll(/npx latchkey ([a-z]+)/g)) assert.ok(words.has(word), word);
});

test('the sample settings are valid, as written and with every commented key switched on', () => {
  const sample = sampleSettings('/O=Latchkey 3f9a', 8443);
  const plain = parseSettings(sample, 'sample');
  assert.deepEqual(plain.policy, {
    accepted_credentials: ['/O=Latchkey 3f9a/*'],
    authorized_retrievers: ['*'],
  });
  const all = parseSettings(sample.replace(/^# ([a-z_]+ = )/gm, '$1'), 'sample');
  assert.equal(all.server?.port, 7512);
  assert.deepEqual(all.policy?.trusted_retrievers, []);
  assert.equal(all.sealing?.remember, 300);
});

test('docs/mupif.md: every test that a row names is there, in a file that its command runs', () => {
  const tests = ['test', 'src'].flatMap((folder) =>
    readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => ({ path: `${folder}/${file}`, folder })),
  );
  const missing: string[] = [];
  let count = 0;
  for (const [, unit, pattern = '', titles = ''] of page('mupif.md').matchAll(
    /`npm test -- (--unit )?([^`]+)`: ((?:\*[^*]+\*(?:, )?)+)/g,
  )) {
    const files = tests.filter(
      ({ path, folder }) => folder === (unit === undefined ? 'test' : 'src') && path.includes(pattern),
    );
    const text = files.map(({ path }) => readFileSync(join(repositoryRoot, path), 'utf8')).join('\n');
    for (const [, title = ''] of titles.matchAll(/\*([^*]+)\*/g)) {
      count += 1;
      if (!text.replaceAll("\\'", "'").includes(title)) missing.push(`${pattern}: ${title}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(count > 60, `${count} tests are named`);
});
