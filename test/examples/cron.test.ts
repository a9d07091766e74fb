import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { openConfig, startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { linkOurTools } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

const TOOLS = ['myproxy-init', 'myproxy-info', 'myproxy-get-delegation', 'myproxy-logon', 'grid-proxy-info'];

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

    const user = { X509_USER_CERT: grid.user.certificate, X509_USER_KEY: grid.user.key };
    const stored = await run('store.sh', { ...user, RENEWER: grid.robot.dn });
    assert.match(stored, /name: cron/);
    assert.match(stored, /name: renewal/);

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
