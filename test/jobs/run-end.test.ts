import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { latchkey, personIn } from '../cli-commands/installation.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const ROOT = ['.latchkey', 'jobs'];
const left = (home: string): readonly string[] =>
  existsSync(join(home, ...ROOT)) ? readdirSync(join(home, ...ROOT)) : [];

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} cancels the job, leaves nothing there, and latchkey run ends with ${code}`, async (t) => {
    const home = workspace(t);
    const words = [
      'sh',
      '-c',
      `echo $$; trap 'echo told > ${home}/told; exit 3' TERM; while :; do sleep 0.1; done`,
    ];
    const child = spawn(process.execPath, [latchkeyExecutable, 'run', 'local://', '--', ...words], {
      ...{ env: personIn(home), stdio: ['ignore', 'pipe', 'pipe'] },
    });
    t.after(() => child.kill('SIGKILL'));
    let out = '';
    child.stdout?.setEncoding('utf8').on('data', (part) => {
      out += part;
    });
    let err = '';
    child.stderr?.setEncoding('utf8').on('data', (part) => {
      err += part;
    });
    for (let tries = 0; tries < 400 && !out.includes('\n'); tries += 1) await delay(50);
    assert.match(out, /^\d+\n$/);
    child.kill(signal);
    assert.deepEqual(await once(child, 'close'), [code, null], err);
    assert.equal(readFileSync(join(home, 'told'), 'utf8'), 'told\n');
    assert.deepEqual(left(home), [], err);
    assert.match(err, /cancelling\n/);
    assert.throws(() => process.kill(Number(out), 0), /ESRCH/);
  });
}

test('interrupted before there is a job, it ends at once with that code', async (t) => {
  if (!havePeers(t, 'ssh', 'ssh-keygen')) return;
  const home = workspace(t);
  const key = join(home, 'key');
  execFileSync(findProgram('ssh-keygen') ?? 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  // It takes connections and says nothing.
  const silent = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  t.after(() => silent.close());
  await once(silent, 'listening');
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  const address = `ssh://nobody@127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const args = [
    latchkeyExecutable,
    'run',
    '-i',
    key,
    '--only-these',
    '--ssh-config',
    'none',
    address,
    '--',
    'true',
  ];
  const child = spawn(process.execPath, args, {
    ...{
      env: { ...personIn(home), XDG_RUNTIME_DIR: join(home, 'run') },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  });
  t.after(() => child.kill('SIGKILL'));
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (part) => {
    err += part;
  });
  await Promise.race([once(silent, 'connection'), once(child, 'close').then(() => assert.fail(err))]);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'close'), [143, null]);
  assert.match(err, /interrupted before the job was submitted/);
});

test('a sandbox goes when all of it was seen, whatever the exit code; else it is said what stays, and where', (t) => {
  const home = workspace(t);
  const run = (...words: string[]) => latchkey(home, ['run', ...words]);
  const sh = (script: string) => ['local://', '--', 'sh', '-c', script];
  for (const [script, code] of [
    ['echo out; echo err >&2; exit 3', 3],
    ['kill -9 $$', 137],
    ['kill -TERM $$', 143],
    ['exit 130', 130],
  ] as const) {
    assert.equal(run(...sh(script)).code, code, script);
    assert.deepEqual(left(home), [], script);
  }
  // Where it worked is somebody's own, and stays.
  writeFileSync(join(home, 'there.json'), JSON.stringify({ workingDirectory: join(home, 'mine') }));
  assert.equal(run('-d', 'there.json', ...sh('echo x > made')).code, 0);
  assert.deepEqual([left(home), readFileSync(join(home, 'mine', 'made'), 'utf8')], [[], 'x\n']);
  // What was copied there and back is not missed.
  writeFileSync(join(home, 'in'), 'input');
  const transfers = { fileTransfer: ['in > in', 'out < sub/out'], cleanup: true };
  writeFileSync(join(home, 'both.json'), JSON.stringify(transfers));
  const both = run('-d', 'both.json', ...sh('mkdir sub; cp in sub/out; echo seen'));
  assert.deepEqual(
    [both.code, both.stdout, readFileSync(join(home, 'out'), 'utf8')],
    [0, 'seen\n', 'input'],
    both.stderr,
  );
  assert.deepEqual(left(home), []);

  const kept = run('--keep', ...sh('echo out'));
  const [first] = left(home) as [string];
  assert.match(kept.stderr, new RegExp(`what it left stays there in ".*/${first}"\\n`));
  assert.equal(readFileSync(join(home, ...ROOT, first, 'out'), 'utf8'), 'out\n');
  assert.equal(latchkey(home, ['jobs', 'remove', `[local://localhost]-[${first}]`]).code, 0);

  const made = run(...sh('echo x > result; exit 4'));
  const [second] = left(home) as [string];
  assert.equal(made.code, 4);
  assert.match(made.stderr, new RegExp(`made and nobody fetched, "result", stays there in ".*/${second}"`));
  assert.match(
    made.stderr,
    new RegExp(`hint: latchkey jobs remove '\\[local://localhost\\]-\\[${second}\\]'`),
  );
  assert.equal(latchkey(home, ['jobs', 'remove', `[local://localhost]-[${second}]`]).code, 0);

  writeFileSync(join(home, 'fail.json'), JSON.stringify({ fileTransfer: ['here < not-made'] }));
  const failed = run('-d', 'fail.json', ...sh('true'));
  assert.match(failed.stderr, /what could not be fetched stays there in ".*lk-/);
  assert.equal(left(home).length, 1);
});

test('"~/.." leaves the login directory, by whatever link that is reached, and output there is found', (t) => {
  const home = workspace(t);
  mkdirSync(join(home, 'real', 'login'), { recursive: true });
  symlinkSync(join(home, 'real', 'login'), join(home, 'link'));
  writeFileSync(join(home, 'job.json'), JSON.stringify({ workingDirectory: '~/../beside', output: 'out' }));
  const words = ['run', '-d', join(home, 'job.json'), 'local://', '--', 'pwd', '-P'];
  const { code, stdout, stderr } = latchkey(home, words, { env: { HOME: join(home, 'link') } });
  assert.deepEqual([code, stdout], [0, `${join(home, 'real', 'beside')}\n`], stderr);
});
