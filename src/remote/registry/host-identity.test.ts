import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { workspace } from '../../../test/support/workspace.ts';
import { publicKeyText, signEntry, verifyEntry } from './entry-signature.ts';
import { loadHostIdentity } from './host-identity.ts';

test('the identity of a host is made once, and is the same ever after', async (t) => {
  const file = join(workspace(t), 'identity');
  const first = await loadHostIdentity(file);
  assert.equal(statSync(file).mode & 0o777, 0o400);
  const again = await loadHostIdentity(file);
  assert.equal(publicKeyText(again.privateKey), publicKeyText(first.privateKey));
  assert.ok(again.owner.equals(first.owner));
  const other = await loadHostIdentity(join(workspace(t), 'identity'));
  assert.equal(other.owner.equals(first.owner), false);
  const entry = signEntry({ name: 'n', uri: 'PYRO:x@h:1', tags: [] }, first.privateKey, 1);
  assert.ok(verifyEntry(entry));
  assert.equal(entry.signature?.key.includes(first.owner.revealText()), false);
});
