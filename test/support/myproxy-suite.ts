import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { linkOurTools } from './our-tools.ts';
import { findProgram, havePeers } from './peers.ts';
import { workspace } from './workspace.ts';

/** Every tool that `myproxy-test` calls, except the server. */
const TOOLS = [
  'myproxy-init',
  'myproxy-logon',
  'myproxy-get-delegation',
  'myproxy-info',
  'myproxy-destroy',
  'myproxy-store',
  'myproxy-retrieve',
  'myproxy-change-pass-phrase',
  'myproxy-get-trustroots',
  'myproxy-admin-query',
  'myproxy-admin-change-pass',
  'myproxy-admin-load-credential',
  'grid-proxy-init',
  'grid-proxy-info',
  'grid-proxy-destroy',
];

/**
 * Runs the C project's own test suite (`myproxy-test -startserver -generatecerts`) with our programs first in PATH
 * for the given halves, and asserts that all of its 56 tests pass.
 */
export async function runMyProxySuite(
  t: TestContext,
  ours: { server: boolean; tools: boolean },
): Promise<void> {
  if (!havePeers(t, 'myproxy-test', 'myproxy-server', 'myproxy-init', 'grid-proxy-init', 'openssl')) return;
  const directory = workspace(t);
  const home = join(directory, 'home');
  const tmp = join(directory, 'tmp');
  mkdirSync(home, { mode: 0o700 });
  mkdirSync(tmp, { mode: 0o700 });
  const bin = linkOurTools(join(directory, 'bin'), [
    ...(ours.server ? ['myproxy-server'] : []),
    ...(ours.tools ? TOOLS : []),
  ]);
  const path = [bin, dirname(process.execPath), process.env.PATH ?? '', '/usr/sbin'].join(delimiter);
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn(findProgram('myproxy-test') ?? '', ['-verbose', '-startserver', '-generatecerts'], {
      cwd: directory,
      env: {
        PATH: path,
        HOME: home,
        LOGNAME: 'suite',
        USER: 'suite',
        TMPDIR: tmp,
        LATCHKEY_LOG: join(directory, 'server.log'),
        X509_USER_PROXY: join(directory, 'proxy.pem'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 300_000,
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.stderr.on('data', (chunk) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('close', () => resolve(text));
  });
  assert.match(output, /MyProxy Tests Complete: 56 tests passed, 0 tests failed/, output.slice(-20_000));
}
