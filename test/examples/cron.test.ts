import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { spawn } from '@lydell/node-pty';
import { runProgram } from '../../src/kit/index.ts';
import { openConfig, startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { linkOurTools } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

const TOOLS = [
  'myproxy-init',
  'myproxy-info',
  'myproxy-get-delegation',
  'myproxy-logon',
  'grid-proxy-init',
  'grid-proxy-info',
];
const KEY_PHRASE = 'the pass phrase of the key';

/** Runs a script for a person at a terminal, who is asked once for the pass phrase of the own key. */
function atTerminal(script: string, env: NodeJS.ProcessEnv): Promise<{ screen: string; code: number }> {
  return new Promise((resolve) => {
    const terminal = spawn('bash', [script], { env: env as Record<string, string>, cols: 120, rows: 40 });
    let screen = '';
    let isAnswered = false;
    const timer = setTimeout(() => terminal.kill('SIGKILL'), 60_000);
    terminal.onData((data) => {
      screen += data;
      if (isAnswered || !/pass phrase.*: ?$/i.test(screen)) return;
      isAnswered = true;
      terminal.write(`${KEY_PHRASE}\r`);
    });
    terminal.onExit(({ exitCode }) => {
      clearTimeout(timer);
      resolve({ screen: screen.replaceAll('\r\n', '\n'), code: exitCode });
    });
  });
}

for (const [tools, server] of [
  ['our', 'our'],
  ['our', 'C'],
  ['C', 'our'],
] as const) {
  test(`examples/cron: ${tools} tools, ${server} server`, async (t) => {
    const peers =
      tools === 'C' || server === 'C' ? ['myproxy-init', 'myproxy-server', 'grid-proxy-info'] : [];
    if (!havePeers(t, 'openssl', ...peers)) return;
    const directory = workspace(t);
    const grid = await makeGrid(join(directory, 'grid'));
    const bin = linkOurTools(join(directory, 'bin'), tools === 'our' ? TOOLS : []);
    const program = join(linkOurTools(join(directory, 'sbin'), ['myproxy-server']), 'myproxy-server');
    const service = await startCServer(t, grid, {
      config: openConfig(),
      ...(server === 'our' ? { program } : {}),
    });
    const passFile = join(directory, 'pass');
    writeFileSync(passFile, 'a pass phrase of its own\n', { mode: 0o600 });
    const env = {
      ...service.env,
      PATH: [bin, dirname(process.execPath), process.env.PATH].join(':'),
      HOME: directory,
      PASS_FILE: passFile,
    };
    const run = async (script: string, more: NodeJS.ProcessEnv) => {
      const result = await runProgram(join(repositoryRoot, 'examples/cron', script), [], {
        env: { ...env, ...more },
        timeoutMs: 60_000,
      });
      assert.equal(result.code, 0, `${script}: ${result.stdout}${result.stderr}`);
      return result.stdout.toString();
    };

    const key = join(directory, 'encrypted.key');
    await runProgram('openssl', ['rsa', '-aes256', '-in', grid.user.key, '-out', key, '-passout', 'stdin'], {
      input: `${KEY_PHRASE}\n`,
    });
    chmodSync(key, 0o600);
    const stored = await atTerminal(join(repositoryRoot, 'examples/cron/store.sh'), {
      ...env,
      ...{ X509_USER_CERT: grid.user.certificate, X509_USER_KEY: key, RENEWER: grid.robot.dn },
    });
    assert.equal(stored.code, 0, stored.screen);
    assert.match(stored.screen, /name: cron/);
    assert.match(stored.screen, /name: renewal/);
    // The C tools ask before they switch the echo off: an answer that comes at once is seen.
    if (tools === 'our') assert.ok(!stored.screen.includes(KEY_PHRASE));

    const proxy = join(directory, 'proxy.pem');
    await run('retriever.sh', { X509_USER_PROXY: proxy });
    assert.equal(statSync(proxy).mode & 0o777, 0o600);

    const before = readFileSync(proxy, 'utf8');
    await run('renewer.sh', {
      X509_USER_CERT: grid.robot.certificate,
      X509_USER_KEY: grid.robot.key,
      JOB_PROXY: proxy,
    });
    assert.notEqual(readFileSync(proxy, 'utf8'), before);
  });
}
