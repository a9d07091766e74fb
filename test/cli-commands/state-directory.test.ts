import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serverFindings } from '../../src/cli/commands/server-findings.ts';
import { findState, loadSettings, openState, type StateStep } from '../../src/daemon/index.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { loadTrustDirectory, subjectAltNames, validatePath } from '../../src/x509/index.ts';
import { workspace } from '../support/workspace.ts';

const DAY = 86_400_000;
const now = new Date();
const later = (days: number): Date => new Date(now.getTime() + days * DAY);
const fullName = async (): Promise<string | undefined> => 'vm.example.org';

async function open(directory: string, at: Date, more: { hostNames?: readonly string[] } = {}) {
  const steps: StateStep[] = [];
  const state = await openState(directory, {
    now: at,
    fullName,
    onStep: (step) => steps.push(step),
    ...more,
  });
  return { ...state, made: steps.filter(({ made }) => made).map(({ name }) => name) };
}

test('what exists is left alone; what ends is renewed; what is damaged is made anew', async (t) => {
  const directory = join(workspace(t), 'state');
  const first = await open(directory, now);
  assert.deepEqual(first.made, ['authority', 'host certificate', 'trust directory', 'settings']);
  assert.equal(first.isNew, true);
  const names = subjectAltNames(first.hostCertificate).map(({ value }) => String(value));
  for (const name of ['vm.example.org', 'localhost', '127.0.0.1', '::1'])
    assert.ok(names.includes(name), name);
  assert.equal(names[0], 'vm.example.org');

  const trust = await loadTrustDirectory(first.paths.trust);
  assert.deepEqual(trust.findings, []);
  assert.equal(validatePath([first.hostCertificate], { trust, now }).ok, true);

  const second = await open(directory, later(1));
  assert.deepEqual([second.made, second.isNew], [[], false]);
  assert.equal(second.hostCertificate.fingerprint, first.hostCertificate.fingerprint);

  const week = await open(directory, later(10));
  assert.deepEqual(week.made, ['trust directory'], 'a fresh revocation list every week');

  const near = await open(directory, later(340));
  assert.deepEqual(near.made, ['host certificate', 'trust directory']);
  assert.equal(near.authority.certificate.fingerprint, first.authority.certificate.fingerprint);
  assert.ok(near.hostCertificate.notAfter > later(700));

  writeFileSync(first.paths.hostKey, 'not a key');
  assert.deepEqual((await open(directory, later(341))).made, ['host certificate']);

  const named = await open(directory, later(341), { hostNames: ['myproxy.example.org'] });
  assert.deepEqual(named.made, ['host certificate']);
  assert.deepEqual(subjectAltNames(named.hostCertificate)[0], { type: 'dns', value: 'myproxy.example.org' });
});

test('an operator is told of a certificate that ends soon, and of open storage', async (t) => {
  const { paths } = await open(join(workspace(t), 'state'), now);
  const settings = await loadSettings(paths.settings);
  const codes = async (at: Date) => (await serverFindings(settings, at)).map(({ code }) => code);
  assert.ok(!(await codes(now)).some((code) => code.startsWith('certificate/')));
  assert.ok((await codes(later(360))).includes('certificate/ends-soon'));
  assert.ok((await codes(later(366))).includes('certificate/expired'));
  chmodSync(paths.store, 0o755);
  assert.ok((await codes(now)).includes('storage/open'));
});

test('half an authority is an error, not a reason to make another one', async (t) => {
  const directory = join(workspace(t), 'state');
  const { paths } = await open(directory, now);
  const { renameSync } = await import('node:fs');
  renameSync(join(paths.authority, 'ca.key'), join(paths.authority, 'lost'));
  await assert.rejects(
    open(directory, now),
    (error) => isLatchkeyError(error, 'file/io') && /ca\.key/.test(error.message),
  );
});

test('a directory with other things in it is not taken over', async (t) => {
  const directory = join(workspace(t), 'home');
  mkdirSync(directory);
  chmodSync(directory, 0o700);
  writeFileSync(join(directory, 'thesis.tex'), '');
  await assert.rejects(open(directory, now), (error) => isLatchkeyError(error, 'file/unsafe'));
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.throws(() => readFileSync(join(directory, '.gitignore')));
});

test("a state in a shared directory counts only if it is one's own", async (t) => {
  const cwd = workspace(t);
  await open(join(cwd, '.latchkey'), now);
  const uid = process.getuid?.() ?? 0;
  assert.notEqual(await findState({ env: {}, cwd, uid }), undefined);
  assert.equal(await findState({ env: {}, cwd, uid: uid + 1 }), undefined);
  const named = findState({ env: {}, cwd, uid: uid + 1, directory: '.latchkey' });
  await assert.rejects(named, (error) => isLatchkeyError(error, 'file/unsafe'));
});

test('somebody else’s .latchkey counts for nobody, whatever it links to', async (t) => {
  const uid = process.getuid?.() ?? 0;
  const home = workspace(t);
  mkdirSync(join(home, 'own'));
  const planted = (name: string): string => {
    const cwd = join(home, name);
    mkdirSync(join(cwd, '.latchkey'), { recursive: true, mode: 0o755 });
    return cwd;
  };
  const linked = planted('linked');
  symlinkSync(join(home, 'own'), join(linked, '.latchkey', 'ca'));
  assert.equal(await findState({ env: {}, cwd: linked, uid }), undefined);
  const open = planted('open');
  mkdirSync(join(open, '.latchkey', 'ca'));
  assert.notEqual(await findState({ env: {}, cwd: open, uid }), undefined);
  chmodSync(join(open, '.latchkey'), 0o777);
  assert.equal(await findState({ env: {}, cwd: open, uid }), undefined);
  if (uid !== 0) return;
  chmodSync(join(open, '.latchkey'), 0o755);
  chownSync(join(open, '.latchkey'), 65_534, 65_534);
  assert.equal(await findState({ env: {}, cwd: open, uid }), undefined);
});
