import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, runProgram } from '../../src/kit/index.ts';
import {
  installTrustRoots,
  loadTrustDirectory,
  parseCertificate,
  subjectHash,
  subjectHashOld,
  trustRootsOfChain,
  validatePath,
} from '../../src/x509/index.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { crlPem, policyText } from './cases.ts';
import {
  basicConstraints,
  ecKeys,
  keyUsage,
  type Made,
  makeCertificate,
  makeCrl,
  makeName,
  pem,
} from './chain-maker.ts';

const keys = ecKeys();
const authority = (dn: string, more: Record<string, unknown> = {}): Made =>
  makeCertificate({
    dn,
    keys,
    extensions: [basicConstraints(true), keyUsage('keyCertSign', 'cRLSign')],
    ...more,
  });
const [red, blue] = [authority('/O=Grid/CN=Red'), authority('/O=Grid/CN=Blue')];
const name = (made: Made) => parseCertificate(made.der).subject;
const jane = makeCertificate({ dn: '/O=Grid/CN=Jane', keys: ecKeys(), issuer: red });
const now = new Date();
const later = (seconds: number): Date => new Date(now.getTime() + 1000 * seconds);

test('both hash styles count once, and every kind of file is used', async (t) => {
  const directory = workspace(t);
  const crl = crlPem(makeCrl({ issuer: red, revoked: [jane.serial] }));
  for (const hash of [subjectHash(name(red)), subjectHashOld(name(red))]) {
    writeFileSync(join(directory, `${hash}.0`), pem(red));
    writeFileSync(join(directory, `${hash}.r0`), crl);
    writeFileSync(join(directory, `${hash}.signing_policy`), policyText(red));
    writeFileSync(join(directory, `${hash}.namespaces`), 'not read');
  }
  const trust = await loadTrustDirectory(directory);
  assert.deepEqual(trust.findings, []);
  assert.equal(trust.authorities.length, 1);
  assert.equal(trust.files.length, 6);
  assert.equal(trust.issuers(name(red)).length, 1);
  assert.equal(trust.crls(parseCertificate(red.der)).length, 1);
  const report = validatePath([parseCertificate(jane.der)], { trust, now });
  assert.deepEqual(
    report.findings.map(({ code }) => code),
    ['crl/revoked'],
  );
});

test('an authority known by its old hash only is found', async (t) => {
  const directory = workspace(t);
  const hash = subjectHashOld(name(red));
  writeFileSync(join(directory, `${hash}.0`), pem(red));
  writeFileSync(join(directory, `${hash}.signing_policy`), policyText(red));
  const trust = await loadTrustDirectory(directory);
  assert.ok(validatePath([parseCertificate(jane.der)], { trust, now }).ok);
});

test('broken and foreign files are findings and hide nothing', async (t) => {
  const directory = workspace(t);
  const hash = subjectHash(name(red));
  const put = (file: string, contents: string | Buffer): void =>
    writeFileSync(join(directory, file), contents);
  put(`${hash}.0`, pem(red));
  put(`${hash}.signing_policy`, policyText(red));
  put('00000000.0', 'garbage');
  put('00000001.0', pem(blue));
  put('00000002.0', pem(blue).slice(0, 300));
  put('00000003.0', blue.der);
  put('00000004.r0', pem(red));
  put('00000005.r0', crlPem(makeCrl({ issuer: red })));
  put('00000006.signing_policy', 'nonsense\n');
  put('00000007.0', 'x');
  truncateSync(join(directory, '00000007.0'), 300 << 10);
  put('00000008.0', crlPem(Buffer.from('3000', 'hex')));
  put('README', 'for people');
  put(`${hash}.info`, 'for people');
  mkdirSync(join(directory, '00000009.0'));
  symlinkSync('nowhere', join(directory, '0000000a.0'));
  chmodSync(join(directory, '00000006.signing_policy'), 0o666);
  const trust = await loadTrustDirectory(directory);
  const found = trust.findings.map(({ file, code }) => `${file} ${code}`);
  assert.deepEqual(found.sort(), [
    '00000000.0 trust/malformed',
    '00000001.0 trust/misnamed',
    '00000002.0 trust/malformed',
    '00000003.0 trust/malformed',
    '00000004.r0 trust/malformed',
    '00000005.r0 trust/misnamed',
    '00000006.signing_policy trust/signing-policy',
    '00000006.signing_policy trust/writable',
    '00000007.0 trust/too-large',
    '00000008.0 trust/malformed',
  ]);
  assert.ok(validatePath([parseCertificate(jane.der)], { trust, now }).ok);
});

test('an authority without a policy, and one whose policy is for another, are remarked on', async (t) => {
  const directory = workspace(t);
  for (const made of [red, blue]) writeFileSync(join(directory, `${subjectHash(name(made))}.0`), pem(made));
  writeFileSync(join(directory, `${subjectHash(name(blue))}.signing_policy`), policyText(red));
  const trust = await loadTrustDirectory(directory);
  assert.deepEqual(
    trust.findings.map(({ code }) => code),
    ['trust/signing-policy-missing', 'trust/signing-policy-missing'],
  );
  assert.equal(
    trust.signingPolicy(parseCertificate(red.der)),
    undefined,
    'a block in a foreign file speaks for nobody',
  );
});

test('a directory that is not there', async (t) => {
  const none = join(workspace(t), 'none');
  await assert.rejects(loadTrustDirectory(none), (error) => isLatchkeyError(error, 'x509/trust-missing'));
});

test('refresh sees new, changed and removed files, at most once in its interval', async (t) => {
  const directory = workspace(t);
  const file = (made: Made, suffix: string): string => join(directory, `${subjectHash(name(made))}${suffix}`);
  writeFileSync(file(red, '.0'), pem(red));
  const trust = await loadTrustDirectory(directory, { refreshSeconds: 10 });
  const verdict = (): boolean => validatePath([parseCertificate(jane.der)], { trust, now }).ok;
  assert.equal(verdict(), false);
  assert.equal(await trust.refresh(now), false, 'nothing changed');

  writeFileSync(file(red, '.signing_policy'), policyText(red));
  assert.equal(await trust.refresh(later(5)), false, 'too early to look');
  assert.equal(verdict(), false);
  const both = await Promise.all([trust.refresh(later(11)), trust.refresh(later(11))]);
  assert.deepEqual(both, [true, true], 'one look for all who ask at the same time');
  assert.equal(verdict(), true);
  const [before] = trust.authorities;

  // In place, with the same size: only the times of the file tell.
  writeFileSync(file(red, '.signing_policy'), policyText(red).replace('O=Grid/*', 'O=Blue/*'));
  utimesSync(file(red, '.signing_policy'), later(60), later(60));
  assert.equal(await trust.refresh(later(22)), true);
  assert.equal(verdict(), false);
  assert.equal(trust.authorities[0], before, 'files that did not change are not read again');

  rmSync(file(red, '.0'));
  assert.equal(await trust.refresh(later(33)), true);
  assert.equal(trust.authorities.length, 0);

  renameSync(directory, `${directory}.away`);
  t.after(() => rmSync(`${directory}.away`, { recursive: true, force: true }));
  await assert.rejects(trust.refresh(later(44)), (error) => isLatchkeyError(error, 'x509/trust-missing'));
  assert.equal(trust.files.length, 1, 'what was known stays in force');
});

test('bootstrap makes a trust directory of a chain: ours and the C tools accept that server, and nobody else', async (t) => {
  const directory = workspace(t);
  const subKeys = ecKeys();
  const sub = makeCertificate({
    dn: '/O=Grid/CN=Sub',
    keys: subKeys,
    issuer: red,
    extensions: [basicConstraints(true)],
  });
  const host = makeCertificate({ dn: "/O=Grid/CN=host/o'neil.example.org", keys: ecKeys(), issuer: sub });
  const chain = [host, sub, red].map(({ der }) => parseCertificate(der));
  const trustPath = join(directory, 'certificates');
  const written = await installTrustRoots(trustPath, trustRootsOfChain(chain));
  assert.equal(written.length, 8);
  const trust = await loadTrustDirectory(trustPath);
  assert.deepEqual(
    trust.findings.filter(({ code }) => code !== 'trust/not-an-authority'),
    [],
  );
  assert.deepEqual(validatePath(chain, { trust, now }).findings, []);
  const other = makeCertificate({ dn: '/O=Grid/CN=other', keys: ecKeys(), issuer: sub });
  const report = validatePath([parseCertificate(other.der), ...chain.slice(1)], { trust, now });
  assert.deepEqual(
    report.findings.map(({ code }) => code),
    ['policy/subject-refused'],
  );

  assert.throws(() => trustRootsOfChain([...chain].slice(0, 1)), /no certificate of an authority/);
  const star = makeCertificate({ dn: '/O=Grid/CN=*', keys: ecKeys(), issuer: red });
  assert.throws(() => trustRootsOfChain([star, red].map(({ der }) => parseCertificate(der))), /star/);
});

test('the bootstrap policy means the same to the C tools', async (t) => {
  if (!havePeers(t, 'grid-cert-diagnostics')) return;
  const directory = workspace(t);
  for (const [index, cn] of [
    'plain',
    'host/node.example.org',
    "o'neil",
    'a"b',
    'back\\slash',
    'Ünïcode',
  ].entries()) {
    // The C tool asks the policy about the root itself, so the chain has a sub-authority whose policy is looked at.
    const sub = makeCertificate({
      dn: '/O=Grid/CN=Sub',
      keys,
      issuer: red,
      extensions: [basicConstraints(true)],
    });
    const host = makeCertificate({
      dn: `/O=Grid/CN=${cn}`,
      subject: makeName(`/O=Grid/CN=${cn}`),
      keys: ecKeys(),
      issuer: sub,
    });
    const other = makeCertificate({ dn: '/O=Grid/CN=other', keys: ecKeys(), issuer: sub });
    const trustPath = join(directory, String(index));
    await installTrustRoots(
      trustPath,
      trustRootsOfChain([host, sub, red].map(({ der }) => parseCertificate(der))),
    );
    writeFileSync(join(trustPath, `${subjectHash(name(red))}.signing_policy`), policyText(red));
    for (const [leaf, verdict] of [
      [host, 'ok'],
      [other, 'failed'],
    ] as const) {
      const path = join(directory, `${index}.pem`);
      writeFileSync(path, pem(leaf, sub));
      const run = await runProgram('grid-cert-diagnostics', ['-c', path], {
        env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', X509_CERT_DIR: trustPath },
      });
      const said = /Checking certificate trust chain\.\.\. (\w+)[\s\S]*?(?=\n\n)/.exec(run.stdout.toString());
      assert.equal(said?.[1], verdict, `${cn}: ${said?.[0]}`);
    }
  }
});
