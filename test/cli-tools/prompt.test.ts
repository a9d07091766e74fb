import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { spawn } from '@lydell/node-pty';
import { openConfig, startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

/** What a person saw on the terminal, and the exit code. */
interface Dialogue {
  readonly screen: string;
  readonly code: number;
}

/** Runs a command on a terminal and types the next answer whenever the screen ends with a colon. */
function talk(
  command: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  answers: readonly string[],
): Promise<Dialogue> {
  return new Promise((resolve) => {
    const left = [...answers];
    let screen = '';
    const terminal = spawn(command, [...argv], { env, cols: 200, rows: 50 });
    const patience = setTimeout(() => terminal.kill(), 30_000);
    terminal.onData((data) => {
      screen += data;
      if (/: ?$/.test(screen) && left.length > 0) {
        const answer = left.shift() ?? '';
        // Echo is switched off just before or just after the prompt appears.
        setTimeout(() => terminal.write(answer), 150);
      }
    });
    terminal.onExit(({ exitCode }) => {
      clearTimeout(patience);
      resolve({ screen: screen.replaceAll('\r\n', '\n'), code: exitCode });
    });
  });
}

async function openSession(t: TestContext): Promise<NodeJS.ProcessEnv> {
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const server = await startCServer(t, grid, { config: openConfig(grid.trustDirectory) });
  return {
    ...server.env,
    HOME: directory,
    X509_USER_PROXY: join(directory, 'proxy'),
    X509_USER_CERT: grid.user.certificate,
    X509_USER_KEY: grid.user.key,
  };
}

const ours = (
  tool: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  answers: readonly string[],
): Promise<Dialogue> => talk(process.execPath, [latchkeyExecutable, 'tool', tool, ...argv], env, answers);

test('prompts: on the terminal, without echo, the new pass phrase twice', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-server')) return;
  const env = await openSession(t);
  const stored = await ours('myproxy-init', ['-a'], env, ['secret1\r', 'secret1\r']);
  assert.equal(stored.code, 0, stored.screen);
  assert.match(
    stored.screen,
    /\nEnter MyProxy pass phrase:\nVerifying - Enter MyProxy pass phrase:\nA proxy valid for 168 hours/,
  );
  const received = await ours('myproxy-logon', [], env, ['secreX\x7f1\r']);
  assert.equal(received.code, 1, 'Backspace took the X, so the pass phrase was "secre1"');
  const again = await ours('myproxy-logon', [], env, ['secretX\x7f1\r']);
  assert.equal(again.code, 0, again.screen);
  assert.match(again.screen, /^Enter MyProxy pass phrase:\nA credential has been received for user jane in /);
  for (const { screen } of [stored, received, again]) assert.doesNotMatch(screen, /secre/);
});

test('prompts: two that differ, and ^C, store and retrieve nothing', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-server')) return;
  const env = await openSession(t);
  const differ = await ours('myproxy-init', ['-a'], env, ['secret1\r', 'secret2\r']);
  assert.equal(differ.code, 1);
  assert.match(differ.screen, /Verify failure\nError entering passphrase\.\n$/);
  const interrupted = await ours('myproxy-logon', [], env, ['sec\x03']);
  assert.equal(interrupted.code, 1);
  assert.match(interrupted.screen, /^Enter MyProxy pass phrase:\nError entering passphrase\.\n$/);
});

test('prompts: the terminal echoes again after ^C', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-server', 'stty')) return;
  const env = await openSession(t);
  const script = `"$0" "$1" tool myproxy-logon; stty -a`;
  const { screen } = await talk('sh', ['-c', script, process.execPath, latchkeyExecutable], env, ['sec\x03']);
  assert.match(screen, /Error entering passphrase/);
  assert.match(screen, /(^| )echo /m);
  assert.match(screen, /(^| )icanon /m);
});
