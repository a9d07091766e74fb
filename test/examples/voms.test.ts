import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { attributeCertificatesOf } from '../../src/voms/index.ts';
import { readProxyFile } from '../../src/x509/index.ts';
import { makeGrid } from '../support/grid.ts';
import { startOurServer } from '../support/our-server.ts';
import { linkOurTools } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { startTestAuthority } from '../support/voms-site.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

const PLACE = join(repositoryRoot, 'examples/voms');

test('examples/voms: a stored credential is retrieved and dressed, in two steps and in one', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const grid = await makeGrid(workspace(t));
  const members = readFileSync(join(PLACE, 'testvo.toml'), 'utf8');
  const site = await startTestAuthority(t, grid, { members });
  const server = await startOurServer(t, grid);
  const tools = ['myproxy-init', 'myproxy-get-delegation', 'myproxy-logon', 'voms-proxy-init'];
  const bin = linkOurTools(join(grid.directory, 'bin'), tools);
  const passFile = join(grid.directory, 'pass');
  writeFileSync(passFile, 'a pass phrase of its own\n', { mode: 0o600 });
  const env = {
    ...site.env,
    PATH: [bin, dirname(process.execPath), process.env.PATH].join(':'),
    MYPROXY_SERVER: 'localhost',
    MYPROXY_SERVER_PORT: String(server.port),
    LOGNAME: 'jane',
    PASS_FILE: passFile,
    VO: 'testvo:/testvo/analysis/Role=production',
  };
  const stored = await runProgram('myproxy-init', ['-a', '-S'], { env, input: readFileSync(passFile) });
  assert.equal(stored.code, 0, stored.stderr.toString());
  const cron = { ...env, X509_USER_CERT: '/nonexistent', X509_USER_KEY: '/nonexistent' };
  const run = async (script: string, more: NodeJS.ProcessEnv = {}) =>
    await runProgram(join(PLACE, script), [], { env: { ...cron, ...more }, timeoutMs: 60_000 });
  for (const script of ['dress.sh', 'dress-at-once.sh']) {
    const path = join(grid.directory, `${script}.pem`);
    const done = await run(script, { X509_USER_PROXY: path });
    assert.equal(done.code, 0, `${script}: ${done.stdout}${done.stderr}`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const { chain } = await readProxyFile(path);
    assert.equal(chain.length, 5);
    const [carried] = attributeCertificatesOf(chain);
    assert.equal(carried?.certificate?.fqans[0], '/testvo/analysis/Role=production/Capability=NULL');
    // A refusal leaves the proxy of before.
    const refused = await run(script, { X509_USER_PROXY: path, VO: 'testvo:/testvo/Role=nope' });
    assert.equal(refused.code, 1);
    assert.equal((await readProxyFile(path)).chain[0]?.serialNumber, chain[0]?.serialNumber);
  }
});
