import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { havePeers } from '../support/peers.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

const latchkey = join(repositoryRoot, 'dist/bin/latchkey.js');

test('latchkey session show: what there is, what a host would be shown, and why not the rest', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const home = workspace(t);
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  const key = join(home, '.ssh', 'id_ed25519');
  await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await runProgram('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', 'secret', '-f', join(home, '.ssh', 'id_ecdsa')]);
  const env = { PATH: process.env.PATH, HOME: home, BEARER_TOKEN: 'an.opaque.token-that-is-secret' };
  const show = async (...args: string[]) => {
    const run = await runProgram(process.execPath, [latchkey, 'session', 'show', ...args], { env });
    assert.equal(run.code, 0, run.stderr.toString());
    assert.ok(!run.stdout.includes('that-is-secret'));
    return run.stdout.toString();
  };
  const all = await show();
  assert.match(all, /^CONTEXT +WHAT\ndefault SSH id_ed25519 +\/.*id_ed25519, SHA256:/);
  assert.match(all, /^~\/\.ssh\/id_ecdsa +it is encrypted/m);
  const host = await show('jane@login.example.org');
  assert.match(host, /^ssh:\/\/login\.example\.org: login name jane \(as given\)\n/);
  assert.match(host, /^default SSH id_ed25519 .* its key is the 1st that is offered$/m);
  assert.match(host, /^default Token +ssh has no use for a token; jobs are given it$/m);
  assert.match(await show('ssh://login.example.org:2222'), /^ssh:\/\/login\.example\.org:2222: login name/);
  const json = JSON.parse(await show('--json', 'login.example.org'));
  assert.deepEqual([json.user, json.conflict, json.used.length], [null, null, 1]);
  const wrong = await runProgram(process.execPath, [latchkey, 'session', 'show', 'local://x'], { env });
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr.toString(), /is no host to log in to/);
});
