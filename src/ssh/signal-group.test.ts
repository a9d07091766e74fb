import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { test } from 'node:test';
import { signalGroup } from './signal-group.ts';

test('a number that another group has since is signalled no more', (t) => {
  const other = spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' });
  t.after(() => other.kill('SIGKILL'));
  const ours = { pid: other.pid, exitCode: 0, signalCode: null } as ChildProcess;
  assert.equal(signalGroup(ours, 'SIGTERM'), false);
  assert.equal(signalGroup(other, 'SIGTERM'), true);
});

test('one that never started, and a group that is gone, are told', () => {
  assert.equal(signalGroup({ exitCode: null, signalCode: null } as ChildProcess, 'SIGTERM'), false);
  assert.equal(
    signalGroup({ pid: 2 ** 22 - 1, exitCode: 0, signalCode: null } as ChildProcess, 'SIGTERM'),
    false,
  );
});
