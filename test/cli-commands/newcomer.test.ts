import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { workspace } from '../support/workspace.ts';
import { latchkey, serve } from './installation.ts';

const KEY = 'pass phrase of the key';
const STORED = 'pass phrase on the server';

test('mistakes of a first day: each is told with its remedy and exit code', async (t) => {
  const directory = workspace(t);
  await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const run = (input: string, ...argv: string[]) => latchkey(directory, argv, { input });
  const phrase = join(directory, 'phrase');
  writeFileSync(phrase, `${STORED}\n`, { mode: 0o600 });
  assert.equal(run(`${KEY}\n`, 'user', 'add', 'jane', '--pass-phrase-stdin').code, 0);

  const wrongKey = run('wrong phrase\n', 'init', '-l', 'jane', '--pass-phrase-stdin');
  assert.equal(wrongKey.code, 3);
  assert.match(
    wrongKey.stderr,
    /^latchkey: the pass phrase does not open jane's key\n {2}hint: .*\.latchkey\/users\/jane\/userkey\.pem/,
  );

  assert.equal(run(`${KEY}\n${STORED}\n`, 'init', '-l', 'jane', '--pass-phrase-stdin').code, 0);
  const nowhere = run('', 'logon', '-l', 'jane', '-o', 'no/such/x.pem', '--pass-phrase-file', phrase);
  assert.match(nowhere.stderr, /^latchkey: cannot write "no\/such\/x\.pem": no such file or directory\n/);
  assert.match(nowhere.stderr, /hint: there is no directory "no\/such"/);

  assert.equal(run('', 'logon', '-l', 'jane', '--pass-phrase-file', phrase).code, 0);
  assert.equal(run('', 'destroy', '-l', 'jane').code, 0);
  const gone = run('', 'destroy', '-l', 'jane');
  assert.equal(gone.code, 5, gone.stderr);
  assert.match(gone.stderr, /^latchkey: nothing is stored for "jane"\n/);

  writeFileSync(join(directory, 'broken.pem'), 'garbage\n', { mode: 0o600 });
  const broken = run('', 'info', '-l', 'jane', '--cert', 'broken.pem');
  assert.match(broken.stderr, /broken\.pem/);
  const noProxy = run('', 'proxy', 'info', 'broken.pem');
  assert.match(
    noProxy.stderr,
    /^latchkey: "broken\.pem" holds no certificate\n {2}hint: a proxy file is PEM text/,
  );
});

test('without a terminal a pass phrase that nobody gave is an error at once, and --json stays JSON', async (t) => {
  const directory = workspace(t);
  await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  for (const argv of [
    ['user', 'add', 'jane'],
    ['logon', '-l', 'jane'],
  ]) {
    const plain = latchkey(directory, argv);
    assert.equal(plain.code, 2, plain.stderr);
    assert.match(plain.stderr, /^latchkey: .*no terminal.*\n {2}hint: .*--pass-phrase-stdin/);
    const { error } = JSON.parse(latchkey(directory, [...argv, '--json']).stderr);
    assert.equal(error.code, 'cli/no-terminal');
  }
});

test('a pass phrase as an option gets the ways that are safe, not the opposite option', (t) => {
  for (const option of ['--pass-phrase', '--passphrase', '--password']) {
    const run = latchkey(workspace(t), ['logon', '-l', 'jane', option, 'hunter22']);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /hint: pass phrases are never options: .*--pass-phrase-file/);
    assert.doesNotMatch(run.stderr, /hunter22/);
  }
});

test('proxy init never makes a proxy of a proxy that happens to be there', async (t) => {
  const directory = workspace(t);
  await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  for (const name of ['jane', 'bob']) {
    assert.equal(latchkey(directory, ['user', 'add', name, '--no-pass-phrase']).code, 0);
  }
  assert.equal(latchkey(directory, ['proxy', 'init', '-l', 'bob']).code, 0);
  const again = latchkey(directory, ['proxy', 'init']);
  assert.equal(again.code, 5, again.stdout);
  assert.match(again.stderr, /hint: -l NAME; this state knows bob, jane/);
});

test('link --json and its errors are JSON', (t) => {
  const directory = workspace(t);
  const made = latchkey(directory, ['link', 'bin', '--json']);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(JSON.parse(made.stdout).directory, join(directory, 'bin'));
  assert.equal(JSON.parse(latchkey(directory, ['link', '--json']).stderr).error.exitCode, 2);
});

test('the first start says what to type for the state it made, and where the proxy will be', async (t) => {
  const directory = workspace(t);
  const server = await serve(t, directory, ['--listen', 'localhost', '--port', '0', '--state', 'other']);
  assert.match(server.output(), /npx latchkey user add jane --state other /);
  assert.match(server.output(), /npx latchkey status --state other /);
  assert.ok(server.output().includes(`a proxy for 12 hours, in ${join(directory, 'proxy.pem')}\n`));
});
