import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from './program.ts';

/** A program whose own child keeps the pipes open after it. */
const LEAVES_A_CHILD = ['-c', 'sleep 5 & wait'] as const;

test('a program that does not end in time is not waited for, nor what it has started', async () => {
  const started = Date.now();
  await assert.rejects(runProgram('/bin/sh', LEAVES_A_CHILD, { timeoutMs: 100 }), {
    code: 'program/timed-out',
  });
  assert.ok(Date.now() - started < 3_000, `${Date.now() - started} ms`);
});

test('a program is ended with its signal, also with one that is over already', async () => {
  const started = Date.now();
  const later = AbortSignal.timeout(100);
  await assert.rejects(runProgram('/bin/sh', LEAVES_A_CHILD, { signal: later }), { code: 'program/failed' });
  await assert.rejects(runProgram('/bin/sh', LEAVES_A_CHILD, { signal: later }), { code: 'program/failed' });
  assert.ok(Date.now() - started < 3_000, `${Date.now() - started} ms`);
});
