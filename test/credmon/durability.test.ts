import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../support/credential-directory.ts';
import { havePeers } from '../support/peers.ts';
import { setRotationStage } from './rotation-kills.ts';

/** What is looked at, by what a line of strace must have. `-y` shows the path behind each descriptor. */
const STEPS: readonly (readonly [string, RegExp])[] = [
  ['room taken', /fsync\(\d+<[^>]*\/\.mytokens\.top\.latchkey>/],
  ['server asked', /connect\(/],
  ['written', /fsync\(\d+<[^>]*\/\.mytokens\.top\.latchkey>/],
  ['renamed', /rename\([^)]*\.mytokens\.top\.latchkey", "[^"]*\/mytokens\.top"/],
  ['directory written', /fsync\(\d+<[^>]*\/credentials\/ann>/],
  ['token delivered', /rename\([^)]*\.mytokens\.use\.latchkey", "[^"]*\/mytokens\.use"/],
];

test('the new refresh token is on the disk, name and all, before its access token is shown; room for it before the server is asked', async (t) => {
  if (!havePeers(t, 'strace')) return;
  const stage = await setRotationStage(t, 'strict');
  const monitor = stage.start();
  await monitor.complete();
  const output = join(stage.base, 'strace');
  const strace = spawn(
    'strace',
    [
      '-f',
      '-y',
      '-o',
      output,
      '-e',
      'trace=fsync,fdatasync,rename,renameat,connect',
      '-p',
      String(monitor.child.pid),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  strace.stderr.setEncoding('utf8').on('data', (chunk) => {
    said += chunk;
  });
  t.after(() => strace.kill('SIGINT'));
  await until(() => /attached/.test(said) || strace.exitCode !== null, 'strace');
  assert.equal(strace.exitCode, null, said);
  stage.logIn('ann');
  monitor.child.kill('SIGHUP');
  await until(() => stage.use('ann'));
  const calls = await until(() => {
    const text = existsSync(output) ? readFileSync(output, 'utf8') : '';
    return /mytokens\.use"\) += 0/.test(text) && text.split('\n');
  }, 'the trace');
  let at = 0;
  for (const [what, pattern] of STEPS) {
    const found = calls.findIndex((line, index) => index >= at && pattern.test(line));
    assert.ok(found >= 0, `${what} is not there, or too early:\n${calls.join('\n')}`);
    at = found + 1;
  }
});
