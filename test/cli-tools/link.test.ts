import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { workspace } from '../support/workspace.ts';

function latchkey(...argv: string[]): { code: number | null; stdout: string; stderr: string } {
  const run = spawnSync(process.execPath, [latchkeyExecutable, ...argv], { encoding: 'utf8' });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

test('link: makes every name, again and again, and the names act as their tools', (t) => {
  const bin = join(workspace(t), 'new', 'bin');
  assert.equal(latchkey('link', bin).code, 0);
  assert.equal(latchkey('link', bin).code, 0);
  const names = readdirSync(bin);
  assert.ok(names.length >= 19);
  for (const name of names) assert.ok(lstatSync(join(bin, name)).isSymbolicLink(), name);
  const run = spawnSync(join(bin, 'myproxy-get-delegation'), ['-V'], { encoding: 'utf8' });
  assert.match(run.stdout, /^myproxy-logon version MYPROXYv2 /);
});

test('link: replaces links that lead elsewhere, leaves files alone and says so', (t) => {
  const bin = workspace(t);
  symlinkSync('/nowhere', join(bin, 'myproxy-info'));
  writeFileSync(join(bin, 'myproxy-logon'), 'mine');
  mkdirSync(join(bin, 'myproxy-init'));
  const { code, stderr } = latchkey('link', bin);
  assert.equal(code, 1);
  assert.match(stderr, /myproxy-logon is there already/);
  assert.match(stderr, /myproxy-init is there already/);
  assert.ok(lstatSync(join(bin, 'myproxy-logon')).isFile());
  assert.equal(spawnSync(join(bin, 'myproxy-info'), ['-V']).status, 0);
});

test('link: wants exactly one directory', () => {
  assert.equal(latchkey('link').code, 2);
  assert.equal(latchkey('link', 'a', 'b').code, 2);
});
