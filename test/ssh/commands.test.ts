import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { openSsh, type SshConnection } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { isAlive } from '../support/processes.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { type SshGround, startSshd } from '../support/sshd.ts';

async function connected(t: TestContext): Promise<{ ground: SshGround; connection: SshConnection }> {
  const ground = await startSshd(t);
  const connection = await openSsh(sshOptions(ground));
  t.after(() => connection.close());
  return { ground, connection };
}

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];

test('exit code and both outputs come apart, whatever their last bytes are', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  const say = async (text: string, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await connection.script(text, args);
    return [exitCode, stdout.toString(), stderr.toString()];
  };
  assert.deepEqual(await say('echo out; echo err >&2; exit 7'), [7, 'out\n', 'err\n']);
  assert.deepEqual(await say('printf 5; printf 9 >&2; exit 0'), [0, '5', '9']);
  assert.deepEqual(await say('echo "$2" "$1" $#', 'a b', '*'), [0, '* a b 2\n', '']);
  assert.deepEqual(await say('[ "$$" = "$(exec sh -c "echo \\$PPID")" ] && echo own "$0"'), [
    0,
    'own sh\n',
    '',
  ]);
  assert.deepEqual(await say('kill -9 $(exec sh -c "echo \\$PPID")'), [137, '', '']);
  const [code, , complaint] = await say('if');
  assert.equal(code, 2);
  assert.match(String(complaint), /[Ss]yntax error/);
  assert.deepEqual(await say('trap "echo bye" EXIT; exit 3'), [3, 'bye\n', '']);
});

test('any words of a command arrive as they are', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  const word = fc
    .string({ unit: 'binary', maxLength: 30 })
    .filter((text) => !text.includes('\0') && isWhole(text));
  const nasty = fc.constantFrom(
    '',
    '-n',
    '--',
    "'",
    '"',
    '\\',
    '$(id)',
    '`id`',
    '~',
    '*',
    '\n',
    '!!',
    '%s',
    '\\n',
    ' ',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(word, nasty), { maxLength: 6 }), async (words) => {
      const { stdout } = await connection.run(['printf', '%s\\0', ...words]);
      const arrived = stdout.toString().split('\0').slice(0, -1);
      assert.deepEqual(arrived, words.length === 0 ? [''] : words);
      const { stdout: again } = await connection.script('for i; do printf "%s\\0" "$i"; done', words);
      assert.deepEqual(again.toString().split('\0').slice(0, -1), words);
    }),
    { numRuns: 60 },
  );
  // Programs, not the builtins of their names.
  assert.equal((await connection.run(['echo', 'a\\nb'])).stdout.toString(), 'a\\nb\n');
  assert.equal((await connection.run(['cd', '/'])).exitCode, 127);
  const program = await connection.start(['printf', '%s|', 'a\nb', '!x', "it's", '100%', '\\0']);
  let said = '';
  program.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  assert.equal(await program.ended, 0);
  assert.equal(said, "a\nb|!x|it's|100%|\\0|");
});

test('input is binary-safe in both sizes, and an empty one is empty', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  for (const size of [0, 1, 255, 5000, 65_536, 65_537, 3_000_000]) {
    const input = size === 255 ? Buffer.from(Array.from({ length: 256 }, (_, n) => n)) : randomBytes(size);
    const { stdout } = await connection.run(['cat'], { input });
    assert.ok(stdout.equals(input), `${size} bytes`);
  }
  assert.equal((await connection.run(['cat'])).stdout.length, 0);
  assert.equal((await connection.run(['cat'], { input: "-it's\n" })).stdout.toString(), "-it's\n");
  // A program that does not read its input is no error.
  assert.equal((await connection.run(['true'], { input: randomBytes(60_000) })).exitCode, 0);
});

test('directory and environment are the command’s alone', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await connected(t);
  const inside = await connection.script('pwd; echo "$LK_A"', [], {
    cwd: ground.directory,
    env: { LK_A: "a 'b'\nc" },
  });
  assert.equal(inside.stdout.toString(), `${ground.directory}\na 'b'\nc\n`);
  const after = await connection.script('echo "[$LK_A]"', []);
  assert.equal(after.stdout.toString(), '[]\n');
  const nowhere = await rejection(connection.run(['pwd'], { cwd: '/nonexistent' }));
  assert.deepEqual(
    [nowhere.code, nowhere.details.reason, nowhere.details.ran],
    ['ssh/command', 'no-directory', 'no'],
  );
  assert.equal((await connection.run(['no-such-program'])).exitCode, 127);
  await assert.rejects(connection.run(['true'], { env: { 'A=B': '' } }), TypeError);
  await assert.rejects(connection.run(['a\0b']), TypeError);
});

test('a command that takes too long is ended with all it started, and what ran before it is left alone', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  const daemon = Number(
    (await connection.script('sleep 1000 >/dev/null 2>&1 & echo $!', [])).stdout.toString(),
  );
  const script =
    'sleep 1000 & echo $! ; (sleep 1000 & echo $!); trap "" TERM; sleep 1000 & echo $!; wait; wait; wait';
  const pids: number[] = [];
  const error = await rejection(connection.script(`(${script}) > ${pidFile(t)}`, [], { timeoutMs: 500 }));
  assert.deepEqual([error.code, error.details.reason], ['ssh/command', 'timed-out']);
  pids.push(...readFileSync(pidFile(t), 'utf8').trim().split('\n').map(Number));
  assert.equal(pids.length, 3);
  assert.deepEqual(pids.filter(isAlive), []);
  assert.ok(isAlive(daemon), 'an earlier command’s background job lives on');
  await connection.run(['kill', String(daemon)]);
});

test('an aborted command ends over there; the others go on', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  const controller = new AbortController();
  const file = pidFile(t);
  const running = rejection(
    connection.script('echo $$ > "$1"; exec sleep 1000', [file], { signal: controller.signal }),
  );
  const other = connection.script('sleep 0.3; echo done', []);
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await connection.run(['sleep', '0.05']);
  controller.abort();
  const error = await running;
  assert.deepEqual([error.code, error.details.reason], ['ssh/command', 'cancelled']);
  assert.equal(isAlive(Number(readFileSync(file, 'utf8'))), false);
  assert.equal((await other).stdout.toString(), 'done\n');
});

test('output is kept to its bound, and a command that writes for ever is ended', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  const { stdout } = await connection.run(['head', '-c', '10000000', '/dev/zero']);
  assert.equal(stdout.length, 10_000_000);
  const hash = createHash('sha256').update(Buffer.alloc(10_000_000)).digest('hex');
  assert.equal(createHash('sha256').update(stdout).digest('hex'), hash);
  const error = await rejection(connection.run(['cat', '/dev/zero'], { maxOutputBytes: 100_000 }));
  assert.deepEqual([error.code, error.details.reason], ['ssh/command', 'too-much-output']);
});

test('a thousand commands one by one, and fifty at once', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await connected(t);
  for (let n = 0; n < 1000; n += 1) {
    const { stdout } = await connection.script('echo "$1"', [String(n)]);
    assert.equal(stdout.toString(), `${n}\n`);
  }
  const all = await Promise.all(
    Array.from({ length: 50 }, (_, n) => connection.script('echo "$1"; echo e >&2', [String(n)])),
  );
  assert.deepEqual(
    all.map(({ stdout }) => stdout.toString()),
    Array.from({ length: 50 }, (_, n) => `${n}\n`),
  );
  assert.equal(ground.target.log().match(/Accepted publickey/g)?.length, 1, 'one login');
});

test('outputs of many commands at once do not mix, however long they are', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  const say =
    'i=0; while [ $i -lt "$2" ]; do echo "$1:out:$i"; echo "$1:err:$i" >&2; i=$((i + 1)); done; exit "$1"';
  const all = await Promise.all(
    Array.from({ length: 12 }, (_, n) => connection.script(say, [String(n), String(n * 900)])),
  );
  for (const [n, { exitCode, stdout, stderr }] of all.entries()) {
    const lines = (name: string) => Array.from({ length: n * 900 }, (_, i) => `${n}:${name}:${i}\n`).join('');
    assert.equal(exitCode, n);
    assert.ok(stdout.toString() === lines('out'), `${n}: ${stdout.length} bytes`);
    assert.ok(stderr.toString() === lines('err'), `${n}: ${stderr.length} bytes of errors`);
  }
});

test('a kept shell that is killed takes its own command with it and no other', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  const others = Array.from({ length: 9 }, (_, n) => connection.script('sleep 0.3; echo "$1"', [String(n)]));
  const error = await rejection(connection.script('kill -9 $PPID; sleep 0.2', []));
  assert.deepEqual([error.code, error.details.ran, error.retryable], ['ssh/lost', 'unknown', true]);
  assert.deepEqual(
    (await Promise.all(others)).map(({ stdout }) => stdout.toString()),
    Array.from({ length: 9 }, (_, n) => `${n}\n`),
  );
  assert.equal((await connection.script('echo on', [])).stdout.toString(), 'on\n');
  assert.equal(connection.status.reconnects, 0, 'the login stands');
});

test('where the server allows one session, commands wait in line, and no longer than their own time', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const ground = await startSshd(t, { config: ['MaxSessions 1'] });
  const connection = await openSsh(sshOptions(ground));
  t.after(() => connection.close());
  const said = await Promise.all(
    Array.from({ length: 8 }, (_, n) => connection.script('sleep 0.05; echo "$1"', [String(n)])),
  );
  assert.deepEqual(
    said.map(({ stdout }) => stdout.toString()),
    Array.from({ length: 8 }, (_, n) => `${n}\n`),
  );
  const long = connection.run(['sleep', '1.5']);
  const error = await rejection(connection.run(['true'], { timeoutMs: 300 }));
  assert.deepEqual([error.details.reason, error.details.ran], ['timed-out', 'no']);
  assert.equal((await long).exitCode, 0);
  const refused = await rejection(connection.start(['true']));
  assert.deepEqual([refused.code, refused.details.reason], ['ssh/command', 'not-started']);
  assert.match(refused.hint ?? '', /MaxSessions/);
});

test('what a command leaves behind does not speak into the next one', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  await connection.script('(for i in 1 2 3 4 5 6 7 8; do sleep 0.1; echo from the past; done) &', []);
  await delay(250);
  const { stdout } = await connection.run(['sleep', '0.4']);
  assert.equal(stdout.toString(), '');
});

test('a followed program streams both ways and is ended there by stop', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { connection } = await connected(t);
  const echo = await connection.start(['cat']);
  const heard: Buffer[] = [];
  echo.stdout.on('data', (chunk: Buffer) => heard.push(chunk));
  const sent = randomBytes(500_000);
  echo.stdin.end(sent);
  assert.equal(await echo.ended, 0);
  assert.ok(Buffer.concat(heard).equals(sent));

  const file = pidFile(t);
  const long = await connection.start(['sh', '-c', `echo $$ > ${file}; sleep 1000`]);
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await connection.run(['sleep', '0.05']);
  const pid = Number(readFileSync(file, 'utf8'));
  assert.ok(isAlive(pid));
  long.stop();
  await long.ended;
  assert.equal(isAlive(pid), false);
});

test('files go over the same login', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, connection } = await connected(t);
  const [from, to, back] = ['from', 'to', 'back'].map((name) => join(ground.directory, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(from, randomBytes(300_000));
  await connection.files.put(from, to);
  await connection.files.get(to, back);
  assert.ok(readFileSync(back).equals(readFileSync(from)));
  assert.equal((await connection.files.status(to))?.size, 300_000);
  assert.equal(ground.target.log().match(/Accepted publickey/g)?.length, 1);
});

const files = new WeakMap<object, string>();
function pidFile(t: TestContext): string {
  const path = files.get(t) ?? `/tmp/latchkey-test-pid-${randomBytes(6).toString('hex')}`;
  if (!files.has(t)) t.after(() => rmSync(path, { force: true }));
  files.set(t, path);
  return path;
}

async function rejection(promise: Promise<unknown>) {
  const error = await promise.then(
    () => assert.fail('it did not reject'),
    (reason: unknown) => reason,
  );
  assert.ok(isLatchkeyError(error), `${error}`);
  return error;
}

/** No lone surrogates: those are no text that could be written anywhere. */
function isWhole(text: string): boolean {
  return Buffer.from(text).toString() === text;
}
