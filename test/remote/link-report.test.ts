// What programs tell of their links, and what the commands show of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, runProgram } from '../../src/kit/index.ts';
import { HERE, Links, linkReportDirectory, readLinkReports, reportLinks } from '../../src/remote/index.ts';
import { endsWith, repositoryRoot, workspace } from '../support/workspace.ts';

const noLogin = () => assert.fail('no login is wanted');

test('links are told while they stand, and no longer', async (t) => {
  const directory = workspace(t);
  const links = new Links({ connect: noLogin });
  const stop = await reportLinks(links, { name: 'coupling', directory });
  const link = await links.open({ machine: HERE, end: { port: 3300 } });
  await stopWriting(directory, (text) => text.includes('3300'));
  const [report] = await readLinkReports(directory);
  assert.equal(report?.name, 'coupling');
  assert.equal(report?.pid, process.pid);
  assert.deepEqual(
    report?.links.map(({ machines, from, to, state }) => ({ machines, from, to, state })),
    [{ machines: ['here'], from: '127.0.0.1:3300', to: '127.0.0.1:3300', state: 'proven' }],
  );
  const [file = ''] = readdirSync(directory);
  assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600);
  await link.close();
  await stop();
  assert.deepEqual(await readLinkReports(directory), []);
  await links.close();
});

test('what a program left that has ended is removed, also when its number is used again', async (t) => {
  const directory = workspace(t);
  const left = [join(directory, '999999999-123.json'), join(directory, `${process.pid}-1.json`)];
  for (const file of left) writeFileSync(file, '{"pid":1,"name":"old","links":[]}');
  assert.deepEqual(await readLinkReports(directory), []);
  assert.deepEqual(left.map(existsSync), [false, false]);
});

test("the directory is the user's alone, or refused", async (t) => {
  const env = { XDG_RUNTIME_DIR: workspace(t) };
  const uid = process.geteuid?.() ?? 0;
  const path = await linkReportDirectory(env, uid);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  chmodSync(path, 0o755);
  await assert.rejects(linkReportDirectory(env, uid), (error) => isLatchkeyError(error, 'file/unsafe'));
});

test('latchkey links shows them as lines, as JSON and as a picture', async (t) => {
  const runtime = workspace(t);
  const directory = join(runtime, `latchkey-links-${process.geteuid?.()}`);
  mkdirSync(directory, { mode: 0o700 });
  const links = new Links({ connect: noLogin, mode: 'direct' });
  const stop = await reportLinks(links, { name: 'coupling', directory });
  t.after(async () => {
    await stop();
    await links.close();
  });
  await links.open({ machine: 'thermal', end: { host: '10.0.0.2', port: 3300 } });
  await stopWriting(directory, (text) => text.includes('thermal'));
  const latchkey = async (...args: string[]) => {
    const program = join(repositoryRoot, 'dist/bin/latchkey.js');
    const env = { PATH: process.env.PATH, XDG_RUNTIME_DIR: runtime };
    const run = await runProgram(process.execPath, [program, 'links', ...args], { env });
    assert.equal(run.code, 0, run.stderr.toString());
    return run.stdout.toString();
  };
  assert.match(
    await latchkey('list'),
    /^coupling \(process \d+\)\n {2}1 {2}here ━━▶ thermal {3}proven {5}10\.0\.0\.2:3300/,
  );
  assert.equal(JSON.parse(await latchkey('list', '--json')).programs[0].links[0].state, 'proven');
  assert.match(await latchkey('map'), /^┌──────┐\n│ here │ {2}━━━ 1 ━━━▶ thermal\n└──────┘\n\ncoupling/);
  assert.match(await latchkey('map', '--svg', '-'), /^<svg [\s\S]*thermal[\s\S]*<\/svg>\n$/);
  const file = join(runtime, 'links.svg');
  await latchkey('map', '--svg', file);
  assert.match(readFileSync(file, 'utf8'), /^<svg [\s\S]*thermal[\s\S]*<\/svg>\n$/);
});

test('who holds no links is told how a program tells of them', async (t) => {
  const program = join(repositoryRoot, 'dist/bin/latchkey.js');
  const env = { PATH: process.env.PATH, XDG_RUNTIME_DIR: workspace(t) };
  for (const what of ['list', 'map']) {
    const run = await runProgram(process.execPath, [program, 'links', what], { env });
    assert.equal(run.code, 0);
    assert.match(
      run.stdout.toString(),
      /^no program of yours holds links\n.*reportLinks\(links, \{ name \}\)/,
    );
  }
  const nowhere = join(env.XDG_RUNTIME_DIR, 'nowhere', 'links.svg');
  const run = await runProgram(process.execPath, [program, 'links', 'map', '--svg', nowhere], { env });
  assert.equal(run.code, 1);
  assert.match(run.stderr.toString(), /no such directory\n {2}hint: there is no directory/);
});

test('links are shown again until somebody ends it', async (t) => {
  const runtime = workspace(t);
  const program = join(repositoryRoot, 'dist/bin/latchkey.js');
  const env = { PATH: process.env.PATH, XDG_RUNTIME_DIR: runtime };
  const child = spawn(process.execPath, [program, 'links', 'list', '--watch'], { env });
  endsWith(t, runtime, async () => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  let text = '';
  let seen: () => void = () => {};
  const again = new Promise<void>((resolve) => {
    seen = resolve;
  });
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split('no program of yours').length > 2) seen();
  });
  await Promise.race([again, ended]);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  assert.ok(text.split('no program of yours').length > 2, text);
});

/** Waits until the report says something. */
async function stopWriting(directory: string, isThere: (text: string) => boolean): Promise<void> {
  for (let i = 0; i < 500; i += 1) {
    const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
    if (files.some((name) => isThere(readFileSync(join(directory, name), 'utf8')))) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('the report does not come');
}
