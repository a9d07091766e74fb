import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Service } from '../../src/jobs/index.ts';
import { FEED, WHOLE } from '../../src/jobs/input-scripts.ts';
import { personIn } from '../cli-commands/installation.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { startSshd } from '../support/sshd.ts';
import { standInScheduler } from '../support/stand-in-scheduler.ts';
import { workspace } from '../support/workspace.ts';

interface Place {
  readonly home: string;
  readonly sandboxes: string;
  /** What comes after `run`, up to the command. */
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const PLACES: Readonly<Record<string, (t: TestContext) => Promise<Place | undefined>>> = {
  'this machine': async (t) => placeOf(t, ['local://']),
  'over ssh': async (t) => {
    if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return undefined;
    const ground = await startSshd(t);
    const login = ['--identity', ground.key, '--known-hosts', ground.knownHosts, '--only-these'];
    return placeOf(t, [...login, `ssh://${ground.user}@127.0.0.1:${ground.target.port}`]);
  },
};

function placeOf(t: TestContext, words: readonly string[], more: NodeJS.ProcessEnv = {}): Place {
  const home = workspace(t);
  const sandboxes = join(home, 'jobs');
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  const env = { ...personIn(home), XDG_RUNTIME_DIR: join(home, 'run'), ...more };
  return { home, sandboxes, words: ['--sandboxes', sandboxes, ...words], env };
}

interface Running {
  readonly child: ChildProcess;
  readonly out: () => Buffer;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

function run(
  t: TestContext,
  { words, env, home }: Place,
  command: readonly string[],
  { options = [], stdin = 'pipe' }: { options?: readonly string[]; stdin?: 'pipe' | 'ignore' | number } = {},
): Running {
  const child = spawn(process.execPath, [latchkeyExecutable, 'run', ...options, ...words, '--', ...command], {
    ...{ cwd: home, env, stdio: [stdin, 'pipe', 'pipe'] },
  });
  t.after(() => child.kill('SIGKILL'));
  const out: Buffer[] = [];
  let err = '';
  child.stdout?.on('data', (part: Buffer) => out.push(part));
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    err += part;
  });
  child.stdin?.on('error', () => {});
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, out: () => Buffer.concat(out), err: () => err, ended };
}

async function until(is: () => boolean, what: () => string): Promise<void> {
  for (let tries = 0; !is(); tries += 1) {
    if (tries === 600) assert.fail(what());
    await delay(50);
  }
}

const left = ({ sandboxes }: Place): readonly string[] =>
  existsSync(sandboxes) ? readdirSync(sandboxes) : [];

for (const [name, open] of Object.entries(PLACES)) {
  test(`${name}: standard input arrives whole, and nothing is left there`, async (t) => {
    const place = await open(t);
    if (place === undefined) return;
    const bytes = randomBytes(3_000_000);
    const copied = run(t, place, ['cat']);
    copied.child.stdin?.end(bytes);
    assert.deepEqual([await copied.ended, copied.out().equals(bytes)], [0, true], copied.err());
    assert.deepEqual(left(place), []);
    const empty = run(t, place, ['wc', '-c']);
    empty.child.stdin?.end();
    assert.deepEqual([await empty.ended, empty.out().toString().trim()], [0, '0'], empty.err());
    writeFileSync(join(place.home, 'input'), bytes);
    const file = run(t, place, ['wc', '-c'], { stdin: openSync(join(place.home, 'input'), 'r') });
    assert.deepEqual([await file.ended, file.out().toString().trim()], [0, '3000000'], file.err());
    assert.deepEqual(left(place), []);
  });

  test(`${name}: input comes as it is written, and one that nobody ends holds no job up`, async (t) => {
    const place = await open(t);
    if (place === undefined) return;
    const talk = run(t, place, ['sh', '-c', 'while read -r line; do echo "got $line"; done; echo over']);
    for (const word of ['one', 'two']) {
      talk.child.stdin?.write(`${word}\n`);
      await until(() => talk.out().includes(`got ${word}\n`), talk.err);
    }
    talk.child.stdin?.end();
    assert.deepEqual([await talk.ended, talk.out().toString()], [0, 'got one\ngot two\nover\n'], talk.err());
    // The other end stays open in both: one reads a little of it, one nothing.
    const some = run(t, place, ['head', '-n', '1']);
    some.child.stdin?.write('first\nsecond\n');
    assert.deepEqual([await some.ended, some.out().toString()], [0, 'first\n'], some.err());
    const none = run(t, place, ['echo', 'done']);
    assert.deepEqual([await none.ended, none.out().toString()], [0, 'done\n'], none.err());
    assert.deepEqual(left(place), []);
  });

  test(`${name}: an input that is cut off is not its end: the job is ended, with that for a reason`, async (t) => {
    const place = await open(t);
    if (place === undefined) return;
    const { child, err, ended, out } = run(t, place, [
      'sh',
      '-c',
      'head -n 1; cat > whole; echo took it for whole',
    ]);
    child.stdin?.write('first\n');
    await until(() => out().includes('first'), err);
    child.kill('SIGKILL');
    await ended;
    const [tag] = left(place) as [string];
    const end = join(place.sandboxes, tag, 'end');
    await until(
      () => existsSync(end),
      () => 'it has not ended',
    );
    assert.match(readFileSync(end, 'utf8'), /^\d+ 143 15 input-cut$/m);
    assert.doesNotMatch(readFileSync(join(place.sandboxes, tag, 'out'), 'utf8'), /took it for whole/);
    if (name !== 'this machine') return;
    await using service = new Service('local://', { sandboxRoot: place.sandboxes });
    const { state, reason } = (await service.getJob(`[local://localhost]-[${tag}]`)).facts;
    assert.deepEqual([state, reason], ['Failed', 'input-cut']);
  });
}

test('standard input that is not wanted, or not there, is not read', async (t) => {
  const place = placeOf(t, ['local://']);
  const nothing = run(t, place, ['wc', '-c'], { stdin: 'ignore' });
  assert.deepEqual([await nothing.ended, nothing.out().toString().trim()], [0, '0'], nothing.err());
  writeFileSync(join(place.home, 'lines'), 'unread');
  for (const option of ['--no-stdin', '--detach']) {
    const stdin = openSync(join(place.home, 'lines'), 'r');
    const { ended, err } = run(t, place, ['wc', '-c'], { options: [option], stdin });
    assert.equal(await ended, 0, err());
    // The position in it is shared.
    assert.equal(readFileSync(stdin, 'utf8'), 'unread', option);
  }
  const { ended, err } = run(t, place, ['cat'], { options: ['--detach', '--stdin'] });
  assert.equal(await ended, 2);
  assert.match(err(), /nobody left to pass standard input on with --detach/);
  writeFileSync(join(place.home, 'text'), 'of a file');
  writeFileSync(join(place.home, 'job.json'), JSON.stringify({ Input: join(place.home, 'text') }));
  const named = run(t, place, ['cat'], { options: ['-d', 'job.json'] });
  assert.deepEqual([await named.ended, named.out().toString()], [0, 'of a file'], named.err());
  const both = run(t, place, ['cat'], { options: ['-d', 'job.json', '--stdin'] });
  both.child.stdin?.end('x');
  assert.notEqual(await both.ended, 0);
  assert.match(both.err(), /"input" names .*and there is another input/);
});

test('for a scheduler, standard input is a file that is there when the job begins', async (t) => {
  const scheduler = standInScheduler(t, 'pbspro');
  const place = placeOf(t, ['pbspro://'], scheduler.env);
  const bytes = randomBytes(300_000);
  const timer = setInterval(() => scheduler.pass(5), 200);
  t.after(() => clearInterval(timer));
  const copied = run(t, place, ['cat']);
  copied.child.stdin?.write(bytes.subarray(0, 1000));
  await until(() => /standard input is read to its end before/.test(copied.err()), copied.err);
  assert.deepEqual(left(place), []);
  copied.child.stdin?.end(bytes.subarray(1000));
  assert.deepEqual([await copied.ended, copied.out().equals(bytes)], [0, true], copied.err());
  assert.deepEqual(left(place), []);
  const detached = run(t, place, ['cat'], { options: ['--detach', '--stdin'] });
  detached.child.stdin?.end('later');
  assert.equal(await detached.ended, 0, detached.err());
  const [tag] = left(place) as [string];
  assert.equal(readFileSync(join(place.sandboxes, tag, 'stdin'), 'utf8'), 'later');
});

test('where no pipe can be made, the job says so and ends; without an input it runs', async (t) => {
  const home = workspace(t);
  writeFileSync(join(home, 'mkfifo'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const place = placeOf(t, ['local://'], { PATH: `${home}:${process.env.PATH}` });
  const failed = run(t, place, ['cat']);
  failed.child.stdin?.end('input');
  assert.equal(await failed.ended, 125, failed.err());
  assert.match(failed.err(), /no pipe for the standard input can be made in .*--no-stdin goes without/);
  const { ended, err } = run(t, place, ['true'], { options: ['--no-stdin'] });
  assert.equal(await ended, 0, err());
});

test('a job that has ended, and its guard with it, has had all the input it wanted', async (t) => {
  const sandbox = workspace(t);
  assert.equal(spawnSync('mkfifo', ['in', 'in.say'], { cwd: sandbox }).status, 0);
  const gone = (script: string) => spawn('/bin/sh', ['-c', script], { cwd: sandbox, stdio: 'ignore' });
  const reader = gone('exec 3< in 4< in.say');
  const feeder = spawn('/bin/sh', ['-c', FEED, 'latchkey', sandbox], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const fed = once(feeder, 'exit');
  await once(reader, 'exit');
  feeder.stdin?.on('error', () => {});
  feeder.stdin?.end('nobody reads this\n');
  assert.deepEqual(await fed, [0, null]);
  // Whether the guard goes before the word or after it is up to the machine.
  for (let round = 0; round < 40; round += 1) {
    const guard = once(gone(': < in.say'), 'exit');
    const said = await once(
      spawn('/bin/sh', ['-c', WHOLE, 'latchkey', sandbox, ''], { stdio: 'ignore' }),
      'exit',
    );
    assert.deepEqual(said, [0, null]);
    await guard;
  }
});
