import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawn } from '@lydell/node-pty';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { workspace } from '../support/workspace.ts';
import { personIn, serve } from './installation.ts';

/** What the terminal asks, and what the person types then. */
type Turn = readonly [question: RegExp, answer: string];

/** Sits a person in front of a terminal. Resolves to everything that was on the screen and the exit code. */
function sit(
  directory: string,
  argv: readonly string[],
  turns: readonly Turn[],
): Promise<{ screen: string; code: number }> {
  return new Promise((resolve, reject) => {
    const terminal = spawn(process.execPath, [latchkeyExecutable, ...argv], {
      cwd: directory,
      env: personIn(directory) as Record<string, string>,
      cols: 120,
      rows: 40,
    });
    let screen = '';
    let read = 0;
    let turn = 0;
    const timer = setTimeout(() => {
      terminal.kill('SIGKILL');
      reject(new Error(`nothing happened any more; the screen is:\n${screen}`));
    }, 60_000);
    terminal.onData((data) => {
      screen += data;
      const next = turns[turn];
      if (next === undefined || !next[0].test(screen.slice(read))) return;
      read = screen.length;
      turn += 1;
      terminal.write(next[1]);
    });
    terminal.onExit(({ exitCode }) => {
      clearTimeout(timer);
      resolve({ screen: screen.replaceAll('\r\n', '\n'), code: exitCode });
    });
  });
}

test('prompts: new pass phrases twice, existing ones once, nothing of them on the screen', async (t) => {
  const directory = workspace(t);
  await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const [key, stored] = ['key pass phrase', 'stored pass phrase'];

  const differing = await sit(
    directory,
    ['user', 'add', 'jane'],
    [
      [/New pass phrase for the certificate of jane: $/, `${key}\r`],
      [/The same again: $/, 'something else\r'],
    ],
  );
  assert.equal(differing.code, 2);
  assert.match(differing.screen, /latchkey: the two pass phrases differ\n {2}hint: nothing was changed/);

  const added = await sit(
    directory,
    ['user', 'add', 'jane'],
    [
      [/New pass phrase for the certificate of jane: $/, `${key}\r`],
      [/The same again: $/, `${key}\r`],
    ],
  );
  assert.equal(added.code, 0, added.screen);
  assert.match(added.screen, /next: latchkey init -l jane\n/);

  const short = await sit(
    directory,
    ['init'],
    [
      [/Pass phrase of jane's key: $/, `${key}\r`],
      [/New MyProxy pass phrase for jane: $/, 'short\r'],
      [/The same again: $/, 'short\r'],
    ],
  );
  assert.equal(short.code, 3);
  assert.match(short.screen, /at least 6 characters/);

  const init = await sit(
    directory,
    ['init'],
    [
      [/Pass phrase of jane's key: $/, `${key}\r`],
      [/New MyProxy pass phrase for jane: $/, `${stored}\r`],
      [/The same again: $/, `${stored}\r`],
    ],
  );
  assert.equal(init.code, 0, init.screen);

  // Typing errors are mended: a wrong letter and Backspace.
  const logon = await sit(
    directory,
    ['logon', '-l', 'jane'],
    [[/MyProxy pass phrase for jane: $/, `${stored}x\x7f\r`]],
  );
  assert.equal(logon.code, 0, logon.screen);
  assert.match(logon.screen, /a proxy for "jane", valid for 12 h, is in /);

  for (const { screen } of [differing, added, init, logon]) {
    assert.ok(
      !screen.includes(key) && !screen.includes(stored) && !screen.includes('something else'),
      screen,
    );
  }
});

test("^C at a prompt ends with one line and the shell's usual code", async (t) => {
  const directory = workspace(t);
  await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const run = await sit(directory, ['logon', '-l', 'jane'], [[/MyProxy pass phrase for jane: $/, '\x03']]);
  assert.equal(run.code, 130);
  assert.match(run.screen, /latchkey: no pass phrase was given\n/);
  assert.doesNotMatch(run.screen, /\bat .*:\d+:\d+/);
});

test('the first start on a terminal: progress while it works, wiped before the lines that stay', async (t) => {
  const directory = workspace(t);
  const run = await sit(
    directory,
    ['serve', '--listen', 'localhost', '--port', '0'],
    [[/\^C stops it\./, '\x03']],
  );
  assert.equal(run.code, 0, run.screen);
  assert.match(run.screen, /\nlatchkey: stopped\n$/);
  // What a terminal shows of a line is what comes after the last "back to the start and wipe".
  const shown = run.screen.split('\n').map((line) => line.split('\r\x1b[K').at(-1) ?? '');
  assert.ok(
    shown.some((line) => /^latchkey \S+ · state \.latchkey \(new\)$/.test(line)),
    run.screen,
  );
});
