import assert from 'node:assert/strict';
import { chmodSync, chownSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { discoverToken, readBearerToken, writeBearerToken } from '../../src/tokens/index.ts';
import { havePeers } from '../support/peers.ts';
import { runBounded } from '../support/scitokens.ts';
import { workspace } from '../support/workspace.ts';

const uid = process.getuid?.() ?? 0;

test('files that anybody can have put there are not read: links, pipes, other owners, writable by others', async (t) => {
  const directory = workspace(t);
  const file = join(directory, `bt_u${uid}`);
  const found = () => discoverToken({ env: { XDG_RUNTIME_DIR: directory }, uid });
  writeFileSync(file, 'abc\n', { mode: 0o600 });
  assert.equal((await found()).token.revealText(), 'abc');
  chmodSync(file, 0o620);
  await assert.rejects(found(), /others may write it/);
  chmodSync(file, 0o600);
  if (uid === 0) {
    chownSync(file, 12_345, 12_345);
    await assert.rejects(found(), /it belongs to user 12345/);
    chownSync(file, 0, 0);
  }
  writeFileSync(file, 'x'.repeat(65_537));
  await assert.rejects(found(), /longer than/);
  if (!havePeers(t, 'mkfifo')) return;
  const piped = workspace(t);
  await runBounded(['mkfifo', join(piped, `bt_u${uid}`)], process.env);
  await assert.rejects(discoverToken({ env: { XDG_RUNTIME_DIR: piped }, uid }), /it is no file/);
});

test('a token is written over a link, not through it, and a named link is followed when read', async (t) => {
  const directory = workspace(t);
  const target = join(directory, 'precious');
  const link = join(directory, 'token');
  writeFileSync(target, 'old');
  symlinkSync(target, link);
  assert.equal((await readBearerToken(link)).revealText(), 'old');
  await writeBearerToken(new Secret('new'), link);
  assert.deepEqual([readFileSync(target, 'utf8'), readFileSync(link, 'utf8')], ['old', 'new\n']);
  assert.equal(statSync(link).mode & 0o777, 0o600);
});
