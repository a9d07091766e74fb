import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { readTrustFiles } from './trust-files.ts';
import { installTrustRoots, TRUST_INSTALL_LIMITS } from './trust-install.ts';
import { locateTrustDirectory, trustInstallDirectory } from './trust-location.ts';

function workspace(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-trust-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
const files = (...names: string[]): Map<string, Buffer> =>
  new Map(names.map((name) => [name, Buffer.from(name)]));

test('files are installed under harmless names, readable by all, and replaced as a whole', async (t) => {
  const directory = join(workspace(t), 'new', 'certificates');
  const written = await installTrustRoots(directory, files('abc.0', '../../evil', '.hidden', 'a/b'));
  assert.deepEqual(
    written,
    ['abc.0', '-.-..-evil', '-hidden', 'a-b'].map((name) => join(directory, name)),
  );
  assert.deepEqual(readdirSync(directory).sort(), ['-.-..-evil', '-hidden', 'a-b', 'abc.0']);
  assert.equal(statSync(join(directory, 'abc.0')).mode & 0o777, 0o644);
  await installTrustRoots(directory, new Map([['abc.0', Buffer.from('second')]]));
  assert.equal(readFileSync(join(directory, 'abc.0'), 'utf8'), 'second');
  assert.equal(readdirSync(directory).length, 4, 'files that were not sent stay');
});

test('a link in the directory is replaced, not followed', async (t) => {
  const directory = workspace(t);
  writeFileSync(join(directory, 'target'), 'untouched');
  symlinkSync(join(directory, 'target'), join(directory, 'abc.0'));
  await installTrustRoots(directory, files('abc.0'));
  assert.equal(readFileSync(join(directory, 'target'), 'utf8'), 'untouched');
  assert.equal(readFileSync(join(directory, 'abc.0'), 'utf8'), 'abc.0');
});

test('a set with one bad file installs nothing', async (t) => {
  const directory = workspace(t);
  const big = Buffer.alloc(TRUST_INSTALL_LIMITS.fileBytes + 1);
  const bad: ReadonlyMap<string, Buffer>[] = [
    new Map([...files('a.0'), ['empty.0', Buffer.alloc(0)]]),
    new Map([...files('a.0'), ['big.r0', big]]),
    files('a.0', ''),
    files('a.0', 'line\nbreak'),
    files('a.0', 'nul\0'),
    files('a.0', 'x'.repeat(201)),
    files('a/b', 'a-b'),
    new Map(Array.from({ length: TRUST_INSTALL_LIMITS.files + 1 }, (_, i) => [`${i}.0`, Buffer.from('x')])),
  ];
  for (const set of bad) {
    await assert.rejects(installTrustRoots(directory, set), (error) =>
      isLatchkeyError(error, 'x509/trust-refused'),
    );
  }
  assert.deepEqual(readdirSync(directory), []);
});

test('a server sends regular, readable, filled files without a comma in the name', async (t) => {
  const directory = workspace(t);
  for (const name of ['abc.0', 'abc.info', 'a,b', '.namespaces'])
    writeFileSync(join(directory, name), name, { mode: 0o644 });
  writeFileSync(join(directory, 'secret'), 'x', { mode: 0o600 });
  writeFileSync(join(directory, 'empty'), '', { mode: 0o644 });
  symlinkSync('abc.0', join(directory, 'old.0'));
  symlinkSync('nowhere', join(directory, 'dangling.0'));
  assert.deepEqual(
    [...(await readTrustFiles(directory)).keys()],
    ['.namespaces', 'abc.0', 'abc.info', 'old.0'],
  );
  assert.deepEqual([...(await readTrustFiles(directory, 12)).keys()], ['.namespaces']);
  await assert.rejects(readTrustFiles(join(directory, 'none')), (e) =>
    isLatchkeyError(e, 'x509/trust-missing'),
  );
});

test('the trust directory is looked for in the order of the C tools', async (t) => {
  const home = workspace(t);
  const env = { GLOBUS_LOCATION: join(home, 'globus') };
  const system = await locateTrustDirectory({ env: {}, home });
  assert.ok(system === undefined || system === '/etc/grid-security/certificates');
  await installTrustRoots(join(home, 'globus/share/certificates'), files('a.0'));
  if (system === undefined)
    assert.equal(await locateTrustDirectory({ env, home }), join(home, 'globus/share/certificates'));
  await installTrustRoots(join(home, '.globus/certificates'), files('a.0'));
  assert.equal(await locateTrustDirectory({ env, home }), join(home, '.globus/certificates'));
  assert.equal(await locateTrustDirectory({ env: { ...env, X509_CERT_DIR: home }, home }), home);
  assert.equal(await locateTrustDirectory({ env: { X509_CERT_DIR: join(home, 'typo') }, home }), undefined);
});

test('where trust roots are installed', () => {
  assert.equal(trustInstallDirectory({ env: { X509_CERT_DIR: '/x' }, home: '/h', uid: 0 }), '/x');
  assert.equal(trustInstallDirectory({ env: {}, home: '/h', uid: 0 }), '/etc/grid-security/certificates');
  assert.equal(trustInstallDirectory({ env: {}, home: '/h', uid: 7 }), '/h/.globus/certificates');
});
