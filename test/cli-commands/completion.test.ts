import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { latchkey } from './installation.ts';

for (const shell of ['bash', 'zsh', 'fish']) {
  test(`the completion script for ${shell} is made from the command table, and parses`, (t) => {
    const directory = workspace(t);
    const { stdout, code } = latchkey(directory, ['completion', shell]);
    assert.equal(code, 0);
    for (const word of ['logon', 'trustroots', 'explain', 'pass-phrase-file'])
      assert.ok(stdout.includes(word), word);
    // Not every machine has every shell; bash is everywhere.
    if (findProgram(shell) === undefined)
      return t.diagnostic(`${shell} is not installed: only its text was looked at`);
    const file = join(directory, 'script');
    writeFileSync(file, stdout);
    const parsed = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    assert.equal(parsed.status, 0, parsed.stderr);
  });
}

test('bash completes commands, options, values and users', (t) => {
  const directory = workspace(t);
  mkdirSync(join(directory, '.latchkey/users/jane'), { recursive: true });
  mkdirSync(join(directory, '.latchkey/users/john'), { recursive: true });
  writeFileSync(join(directory, 'script'), latchkey(directory, ['completion', 'bash']).stdout);
  const complete = (...words: string[]): string[] => {
    const program = `source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _latchkey; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const run = spawnSync('bash', ['-c', program, '-', 'latchkey', ...words], {
      cwd: directory,
      encoding: 'utf8',
    });
    assert.equal(run.stderr, '');
    return run.stdout.split('\n').filter((line) => line !== '');
  };
  assert.deepEqual(complete('lo'), ['logon']);
  assert.deepEqual(complete('proxy', ''), ['init', 'info', 'destroy']);
  assert.ok(complete('logon', '--pass').includes('--pass-phrase-stdin'));
  assert.deepEqual(complete('logon', '-l', 'j'), ['jane', 'john']);
  assert.deepEqual(complete('logon', '--username', 'ja'), ['jane']);
  assert.deepEqual(complete('completion', 'z'), ['zsh']);
  assert.deepEqual(complete('config', 'explain', 'ret'), ['retrieve']);
  assert.deepEqual(complete('proxy', 'init', '--kind', 'l'), ['legacy']);
});

test('an unknown shell is refused', (t) => {
  const run = latchkey(workspace(t), ['completion', 'tcsh']);
  assert.equal(run.code, 2);
  assert.match(run.stderr, /hint: there is one for bash, zsh, fish/);
});
