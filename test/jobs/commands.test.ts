import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Service } from '../../src/jobs/index.ts';
import { Secret } from '../../src/kit/index.ts';
import { latchkey, personIn } from '../cli-commands/installation.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { workspace } from '../support/workspace.ts';

test('latchkey run: words arrive as they are, both outputs come apart, and its exit code is the job’s', (t) => {
  const home = workspace(t);
  const script = 'printf "<%s>" "$@"; echo error >&2; exit 7';
  const run = latchkey(home, ['run', 'local://', '--', 'sh', '-c', script, 'sh', 'a  b', '$HOME', '--name']);
  assert.equal(run.stdout, '<a  b><$HOME><--name>');
  assert.match(run.stderr, /^latchkey: \[local:\/\/localhost\]-\[lk-[0-9a-f]+\]$/m);
  assert.match(run.stderr, /^error$/m);
  assert.match(run.stderr, /^latchkey: Failed \(non-zero-exit\), exit code 7$/m);
  assert.equal(run.code, 7);
  const killed = latchkey(home, ['run', '--quiet', 'local://', '--', 'sh', '-c', 'kill -9 $$']);
  assert.deepEqual([killed.code, killed.stderr], [137, '']);
  const json = latchkey(home, ['run', '--json', 'local://', '--', 'sh', '-c', script, 'sh', 'a  b']);
  const { stdout, stderr, isTruncated, exitCode } = JSON.parse(json.stdout);
  assert.deepEqual([stdout, stderr, isTruncated, exitCode], ['<a  b>', 'error\n', false, 7]);
});

test('a description in a file, what is given before it, and a token that follows the job', (t) => {
  const home = workspace(t);
  writeFileSync(
    join(home, 'job.json'),
    JSON.stringify({
      Executable: 'sh',
      Name: 'file',
      WallTimeLimit: 5,
      Arguments: ['-c', 'cat "$BEARER_TOKEN_FILE"'],
    }),
  );
  writeFileSync(join(home, 'token'), 'secret-token\n', { mode: 0o600 });
  const run = latchkey(home, [
    'run',
    '--json',
    '--keep',
    '-d',
    'job.json',
    '--token',
    join(home, 'token'),
    'local://',
  ]);
  assert.equal(run.code, 0, run.stderr);
  assert.equal(JSON.parse(run.stdout).state, 'Done');
  const [tag] = readdirSync(join(home, '.latchkey', 'jobs'));
  const sandbox = join(home, '.latchkey', 'jobs', tag as string);
  assert.match(readFileSync(join(sandbox, 'out'), 'utf8'), /^secret-token/);
  assert.ok(!readdirSync(sandbox).includes('credentials'));
  for (const file of ['job.json', 'launcher'])
    assert.ok(!readFileSync(join(sandbox, file), 'utf8').includes('secret-token'));
  const wrong = latchkey(home, ['run', '--queue', 'x', 'local://', '--', 'true']);
  assert.match(wrong.stderr, /the adaptor "machine" has no way to carry out "queue"|the adaptor "local"/);
  assert.equal(latchkey(home, ['run', 'fork://otherhost', '--', 'true']).code, 2);
  // A token given as a description by mistake: the error does not quote it.
  const mistaken = latchkey(home, ['run', '-d', join(home, 'token'), 'local://']);
  assert.match(mistaken.stderr, /token" is no JSON/);
  writeFileSync(join(home, 'comma.json'), '{"name": "secret",\n}\n');
  const comma = latchkey(home, ['run', '-d', join(home, 'comma.json'), 'local://']);
  assert.match(comma.stderr, /comma\.json" is no JSON, line 2\n/);
  assert.doesNotMatch(comma.stderr, /secret/);
  assert.doesNotMatch(mistaken.stderr, /secret/);
});

test('jobs list, show, follow and cancel know a job by its id alone', (t) => {
  const home = workspace(t);
  const id = latchkey(home, [
    'run',
    '--detach',
    'local://',
    '--',
    'sh',
    '-c',
    'echo hello; sleep 300',
  ]).stdout.trim();
  assert.match(latchkey(home, ['jobs', 'list', 'local://']).stdout, /Running/);
  assert.match(latchkey(home, ['jobs', 'show', id]).stdout, /state +Running.*command +"sh" "-c"/s);
  const cancelled = latchkey(home, ['jobs', 'cancel', id]);
  assert.match(cancelled.stdout, /Canceled \(cancelled-by-user\), signal 15/);
  const followed = latchkey(home, ['jobs', 'follow', id]);
  assert.deepEqual([followed.code, followed.stdout], [143, 'hello\n']);
  const unknown = latchkey(home, ['jobs', 'show', '[local://localhost]-[lk-0]']);
  assert.match(unknown.stderr, /nobody knows a job/);
  assert.equal(unknown.code, 5);
});

test('interrupted, latchkey run cancels its job', async (t) => {
  const home = workspace(t);
  const words = ['sh', '-c', 'echo up; sleep 300'];
  const args = [latchkeyExecutable, 'run', '--keep', 'local://', '--', ...words];
  const child = spawn(process.execPath, args, { env: personIn(home), stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.on('data', (part) => {
    said += part;
  });
  for (let tries = 0; tries < 200 && said === ''; tries += 1) await delay(50);
  assert.equal(said, 'up\n');
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  assert.deepEqual(await ended, [130, null]);
  const [tag] = readdirSync(join(home, '.latchkey', 'jobs'));
  assert.match(
    readFileSync(join(home, '.latchkey', 'jobs', tag as string, 'end'), 'utf8'),
    /^\d+ 143 15 -$/m,
  );
});

test('after kill -9 the job goes on; taken up again its credential is renewed, and leaves with it', async (t) => {
  const home = workspace(t);
  writeFileSync(join(home, 'token'), 'first', { mode: 0o600 });
  const script = `cat "$BEARER_TOKEN_FILE"; while [ ! -e ${home}/go ]; do sleep 0.1; done; cat "$BEARER_TOKEN_FILE"`;
  const args = [
    latchkeyExecutable,
    'run',
    '--token',
    join(home, 'token'),
    'local://',
    '--',
    'sh',
    '-c',
    script,
  ];
  const child = spawn(process.execPath, args, { env: personIn(home), stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (part) => {
    said += part;
  });
  let told = '';
  child.stderr.on('data', (part) => {
    told += part;
  });
  for (let tries = 0; tries < 200 && said === ''; tries += 1) await delay(50);
  assert.equal(said.trim(), 'first');
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  const id = /\[local.*\]/.exec(told)?.[0] as string;
  const root = join(home, '.latchkey', 'jobs');
  const service = new Service('local://', { sandboxRoot: root, poll: { leastMs: 50, mostMs: 200 } });
  t.after(() => service.close());
  const obtain = async () => ({
    kind: 'token',
    issuedAt: new Date(),
    expiresAt: new Date(Date.now() + 3_600_000),
    bytes: new Secret(' second'),
  });
  const source = { authority: 'test', isLocal: true, obtain };
  const job = await service.getJob(id, { credentials: [{ source, as: 'bearer-token' }] });
  assert.equal(job.state, 'Running');
  writeFileSync(join(home, 'go'), '');
  assert.equal(await job.wait({ timeoutMs: 20_000 }), true);
  assert.deepEqual([job.state, String(await job.stdout())], ['Done', 'first\n second']);
  assert.ok(!readdirSync(join(root, readdirSync(root)[0] as string)).includes('credentials'));
});

test('a detached job’s files are fetched when its description is given again, and not by its machine’s word', (t) => {
  const home = workspace(t);
  const description = {
    executable: 'sh',
    arguments: ['-c', 'echo made > out'],
    fileTransfer: ['here < out'],
  };
  writeFileSync(join(home, 'job.json'), JSON.stringify(description));
  const id = latchkey(home, ['run', '--detach', '-d', 'job.json', 'local://']).stdout.trim();
  const without = latchkey(home, ['jobs', 'follow', id]);
  assert.match(without.stderr, /files of job .* are not fetched.*hint: .*jobs follow -d/s);
  assert.equal(without.code, 1);
  assert.match(latchkey(home, ['jobs', 'show', id]).stdout, /state +Done.*trouble +the files/s);
  assert.ok(!readdirSync(home).includes('here'));
  const followed = latchkey(home, ['jobs', 'follow', '-d', 'job.json', id]);
  assert.deepEqual([followed.code, followed.stderr], [0, '']);
  assert.equal(readFileSync(join(home, 'here'), 'utf8'), 'made\n');
});

test('files that cannot be fetched are told of once, with the job’s own exit code beside them', (t) => {
  const home = workspace(t);
  const description = { executable: 'true', fileTransfer: ['here < not-made'] };
  writeFileSync(join(home, 'job.json'), JSON.stringify(description));
  const run = latchkey(home, ['run', '-d', 'job.json', 'local://']);
  assert.equal(run.code, 1);
  assert.equal(run.stderr.match(/^latchkey: cannot copy/gm)?.length, 1, run.stderr);
});
