import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examplesOf, runExample } from '../support/page-examples.ts';
import { workspace } from '../support/workspace.ts';

test('the example of the page runs, and says what it should', async (t) => {
  const [example = ''] = examplesOf('docs/object-wire.md').filter((text) => text.includes('latchkey/pyro'));
  const { code, stdout, stderr } = await runExample(example, workspace(t), process.env);
  assert.equal(code, 0, String(stderr));
  assert.equal(String(stdout), '5 5\n1\n2\n3\n');
});
