import assert from 'node:assert/strict';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { makeGrid } from '../support/grid.ts';
import { latchkeyExecutable, linkOurTools } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { startTestAuthority } from '../support/voms-site.ts';
import { workspace } from '../support/workspace.ts';

test('voms-proxy-init makes its proxy of the PKCS#12 file that is named, as the C++ tool does, or of usercred.p12', async (t) => {
  if (!havePeers(t, 'openssl', 'voms-proxy-init2', 'voms-proxy-info2')) return;
  const grid = await makeGrid(workspace(t));
  const { env: site } = await startTestAuthority(t, grid);
  const home = site.HOME ?? '';
  const file = join(home, '.globus', 'usercred.p12');
  mkdirSync(join(home, '.globus'));
  const exported = ['-in', grid.user.certificate, '-inkey', grid.user.key, '-passout', 'pass:hunter22'];
  const openssl = async (...args: string[]) =>
    (await runProgram('openssl', ['pkcs12', '-export', ...exported, ...args], { env: site })).code;
  assert.equal(await openssl('-out', file), 0);
  const env = { ...site, X509_USER_CERT: undefined, X509_USER_KEY: undefined };
  const ours = join(linkOurTools(join(grid.directory, 'bin'), ['voms-proxy-init']), 'voms-proxy-init');
  const init = async (program: string, phrase: string, ...args: string[]) => {
    const out = join(grid.directory, 'made.pem');
    const run = await runProgram(program, ['-pwstdin', '-rfc', '-out', out, ...args], {
      ...{ env, input: `${phrase}\n`, timeoutMs: 60_000 },
    });
    const read = await runProgram('voms-proxy-info2', ['-file', out, '-identity', '-fqan'], { env });
    return {
      code: run.code,
      identity: /^Your identity: .*$/m.exec(run.stdout.toString())?.[0],
      proxy: read.stdout.toString().replace(/\/CN=\d+/g, ''),
      err: run.stderr.toString(),
    };
  };
  // Debian's C++ tool speaks of usercred.p12 in its manual and does not find it; named, it takes it.
  const cpp = await init('voms-proxy-init2', 'hunter22', '-cert', file);
  for (const own of [await init(ours, 'hunter22', '-cert', file), await init(ours, 'hunter22')])
    assert.deepEqual({ ...own, err: '' }, { ...cpp, err: '' });
  assert.equal(cpp.identity, `Your identity: ${grid.user.dn}`);

  const dressed = await init(ours, 'hunter22', '-voms', 'testvo');
  assert.equal(dressed.code, 0, dressed.err);
  assert.match(dressed.proxy, /\/testvo\/Role=NULL\/Capability=NULL/);

  const wrong = await init(ours, 'nonsense');
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /Could not load the private key from .*usercred\.p12: wrong pass phrase/);

  const elsewhere = join(grid.directory, 'mine.p12');
  renameSync(file, elsewhere);
  assert.match((await init(ours, 'hunter22')).err, /nor usercred\.p12, in ~\/\.globus/);
  assert.equal((await init(ours, 'hunter22', '-cert', elsewhere)).code, 0);

  const latchkey = async (...args: string[]) => {
    const argv = ['voms', 'init', 'testvo', '--cert', elsewhere, '--pass-phrase-stdin', '--json', ...args];
    const run = await runProgram(process.execPath, [latchkeyExecutable, ...argv], {
      ...{ env, cwd: grid.directory, input: 'hunter22\n' },
    });
    return { code: run.code, text: `${run.stdout}${run.stderr}` };
  };
  const made = await latchkey();
  assert.equal(made.code, 0, made.text);
  assert.equal(JSON.parse(made.text).identity, grid.user.dn);

  // Forty bits of RC2, as programs of old wrote it: what to do is told.
  if ((await openssl('-legacy', '-out', elsewhere)) !== 0) {
    t.diagnostic('this OpenSSL has no legacy provider');
    return;
  }
  const refused = await init(ours, 'hunter22', '-cert', elsewhere);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /RC2, 40 bits/);
  assert.match(refused.err, /hint: .*openssl pkcs12 -legacy -in usercred\.p12 -clcerts -nokeys/);
  const told = await latchkey();
  assert.equal(told.code, 1, told.text);
  assert.match(told.text, /openssl pkcs12 -legacy/);
});
