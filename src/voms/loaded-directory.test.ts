import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeVomsGrid } from '../../test/support/voms-grid.ts';
import { workspace } from '../../test/support/workspace.ts';
import { formatCertificates } from '../x509/index.ts';
import { loadVomsDirectory, locateVomsDirectory } from './loaded-directory.ts';

const LSC = '/O=Grid/CN=voms.example.org\n/O=Grid/CN=CA\n';

test('the directory is where X509_VOMS_DIR says, else the usual one', () => {
  assert.equal(locateVomsDirectory({ X509_VOMS_DIR: '/x' }), '/x');
  assert.equal(locateVomsDirectory({}), '/etc/grid-security/vomsdir');
});

test('LSC files and certificates are read, an organization each', async (t) => {
  const directory = workspace(t);
  const { server } = await makeVomsGrid();
  for (const vo of ['testvo', 'other.vo']) mkdirSync(join(directory, vo));
  writeFileSync(join(directory, 'testvo', 'voms.example.org.lsc'), LSC);
  writeFileSync(join(directory, 'other.vo', 'server.pem'), formatCertificates(server.chain));
  // For any organization in the C library; here for none.
  writeFileSync(join(directory, 'top.pem'), formatCertificates(server.chain));
  const loaded = await loadVomsDirectory(directory);
  assert.deepEqual(loaded.files, ['other.vo/server.pem', 'testvo/voms.example.org.lsc']);
  assert.deepEqual(loaded.findings, []);
  assert.deepEqual(loaded.chains('testvo', 'voms.example.org'), [LSC.trim().split('\n')]);
  assert.equal(loaded.chains('testvo', 'elsewhere'), undefined);
  assert.equal(loaded.chains('other.vo', 'voms.example.org'), undefined);
  assert.equal(loaded.certificates('other.vo').length, 1);
  assert.deepEqual(loaded.certificates('testvo'), []);
});

test('a bad file is told and hides none of the others', async (t) => {
  const directory = workspace(t);
  mkdirSync(join(directory, 'testvo'));
  const path = (name: string) => join(directory, 'testvo', name);
  writeFileSync(path('good.lsc'), LSC);
  writeFileSync(path('odd.lsc'), '/O=Grid/CN=one\n');
  writeFileSync(path('large.lsc'), '#'.repeat(70_000));
  writeFileSync(path('broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  writeFileSync(path('open.lsc'), LSC);
  chmodSync(path('open.lsc'), 0o666);
  mkdirSync(path('directory.lsc'));
  symlinkSync('/nonexistent', path('dangling.lsc'));
  const loaded = await loadVomsDirectory(directory);
  assert.equal(loaded.chains('testvo', 'good')?.length, 1);
  assert.deepEqual(loaded.chains('testvo', 'odd'), []);
  const told = loaded.findings.map(({ file, severity, message }) => `${file} ${severity}: ${message}`);
  assert.equal(told.length, 4, told.join('\n'));
  assert.match(told[0] ?? '', /^testvo\/broken\.pem error: not a well-formed certificate/);
  assert.match(
    told[1] ?? '',
    /^testvo\/large\.lsc error: the file has 70000 bytes, where 65536 are the limit/,
  );
  assert.match(told[2] ?? '', /^testvo\/odd\.lsc error: a chain of 1 names/);
  assert.match(told[3] ?? '', /^testvo\/open\.lsc warning: everyone can write the file/);
});

test('changes are noticed, not more often than asked for, and what was read stays when the directory is gone', async (t) => {
  const directory = join(workspace(t), 'vomsdir');
  mkdirSync(join(directory, 'testvo'), { recursive: true });
  const lsc = join(directory, 'testvo', 'a.lsc');
  writeFileSync(lsc, LSC);
  const loaded = await loadVomsDirectory(directory, { refreshSeconds: 30 });
  const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000);
  await loaded.refresh(at(0));
  writeFileSync(`${lsc}.new`, `${LSC}------ NEXT CHAIN ------\n${LSC}`);
  renameSync(`${lsc}.new`, lsc);
  await loaded.refresh(at(29));
  assert.equal(loaded.chains('testvo', 'a')?.length, 1);
  await loaded.refresh(at(31));
  assert.equal(loaded.chains('testvo', 'a')?.length, 2);
  rmSync(directory, { recursive: true });
  await assert.rejects(loaded.refresh(at(62)), { code: 'voms/directory-missing' });
  assert.equal(loaded.chains('testvo', 'a')?.length, 2);
  await assert.rejects(loadVomsDirectory(directory), {
    code: 'voms/directory-missing',
    hint: /X509_VOMS_DIR/,
  });
});
