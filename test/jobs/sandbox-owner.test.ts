import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Service } from '../../src/jobs/index.ts';
import { workspace } from '../support/workspace.ts';

test('sandboxes are not made in a directory that belongs to somebody else', async (t) => {
  if (process.geteuid?.() !== 0) return t.skip('giving a directory to somebody else needs root');
  const place = join(workspace(t), 'theirs');
  mkdirSync(place);
  chmodSync(place, 0o777);
  chownSync(place, 65534, 65534);
  const service = new Service('local://', { sandboxRoot: place });
  t.after(() => service.close());
  await assert.rejects(service.run({ executable: '/bin/true' }), /belongs to somebody else/);
  assert.deepEqual(readdirSync(place), []);
});
