import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parsePem } from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import {
  basicConstraints,
  extendedKeyUsage,
  formatOneline,
  generateKeyPair,
  type KeyPair,
  keyUsage,
  loadTrustDirectory,
  memoryTrustStore,
  parseCrl,
  parseSigningPolicy,
  subjectAltNames,
  subjectHash,
  subjectHashOld,
  validatePath,
} from '../x509/index.ts';
import { type CertificateAuthority, createAuthority } from './authority.ts';
import { readAuthority, readRevocations, writeAuthority, writeRevocations } from './authority-files.ts';
import { checkCommonName, issueHostCertificate, issueUserCertificate } from './issue.ts';
import { createRevocationList } from './revocation-list.ts';
import { randomSerialNumber } from './serial-number.ts';
import { trustFiles } from './trust-files.ts';

const now = new Date('2026-11-22T12:00:00Z');
const day = 86_400_000;

describe('an embedded authority', () => {
  let authority: CertificateAuthority;
  let privateKey: KeyPair['privateKey'];
  let user: KeyPair;
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-ca-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  before(async () => {
    ({ authority, privateKey } = await createAuthority({ now, label: '3f9a' }));
    user = await generateKeyPair({ type: 'rsa', bits: 2048 });
  });

  test('is named as this installation, self-signed, for ten years, and may sign certificates and lists', () => {
    const { certificate } = authority;
    assert.equal(formatOneline(certificate.subject), '/O=Latchkey 3f9a/CN=Latchkey CA 3f9a');
    assert.equal(authority.namespace, '/O=Latchkey 3f9a');
    assert.equal(certificate.notAfter.getTime(), now.getTime() + 3650 * day);
    assert.equal(basicConstraints(certificate)?.isCa, true);
    assert.deepEqual([...(keyUsage(certificate) ?? [])].sort(), ['cRLSign', 'keyCertSign']);
    assert.equal(certificate.publicKey.asymmetricKeyType, 'rsa');
  });

  test('has another name in every installation', async () => {
    const other = await createAuthority({ now });
    assert.match(other.authority.namespace, /^\/O=Latchkey [0-9a-f]{4}$/);
  });

  test('issues host certificates with every name, for servers and clients', async () => {
    const host = await generateKeyPair({ type: 'ec' });
    const certificate = await issueHostCertificate(authority, {
      publicKey: host.publicKey,
      now,
      hostNames: ['vm.example.org', 'localhost', '127.0.0.1', '::1'],
    });
    assert.equal(formatOneline(certificate.subject), '/O=Latchkey 3f9a/CN=vm.example.org');
    assert.deepEqual(
      subjectAltNames(certificate).map(({ type, value }) => `${type}:${String(value)}`),
      ['dns:vm.example.org', 'dns:localhost', 'ip:127.0.0.1', 'ip:::1'],
    );
    assert.equal(extendedKeyUsage(certificate)?.length, 2);
    assert.deepEqual([...(keyUsage(certificate) ?? [])], ['digitalSignature']);
    assert.equal(basicConstraints(certificate)?.isCa ?? false, false);
    assert.equal(certificate.notAfter.getTime(), now.getTime() + 365 * day);
  });

  test('issues user certificates that validate by its own trust files, and not after revocation', async () => {
    const certificate = await issueUserCertificate(authority, {
      publicKey: user.publicKey,
      now,
      commonName: 'Jane Doe',
    });
    assert.equal(formatOneline(certificate.subject), '/O=Latchkey 3f9a/CN=Jane Doe');
    const trustWith = async (revoked: { serialNumber: bigint; date: Date }[]) => {
      const crl = await createRevocationList(authority, { revoked, now });
      const files = trustFiles(authority, crl);
      const policy = files.get(`${subjectHash(authority.certificate.subject)}.signing_policy`);
      return memoryTrustStore({
        authorities: [authority.certificate],
        signingPolicies: parseSigningPolicy(policy?.toString() ?? '').policies,
        crls: [parseCrl(crl)],
      });
    };
    const good = validatePath([certificate], { trust: await trustWith([]), now });
    assert.deepEqual(good.findings, []);
    assert.equal(good.ok, true);
    const revoked = await trustWith([{ serialNumber: certificate.serialNumber, date: now }]);
    const bad = validatePath([certificate], { trust: revoked, now });
    assert.equal(bad.ok, false);
    assert.match(bad.findings.map(({ message }) => message).join(), /revoked/);
  });

  test('never issues beyond its own end', async () => {
    const certificate = await issueUserCertificate(authority, {
      publicKey: user.publicKey,
      now,
      commonName: 'jane',
      lifetimeDays: 100_000,
    });
    assert.equal(certificate.notAfter.getTime(), authority.certificate.notAfter.getTime());
  });

  test('writes a trust directory that its own reader takes without a finding, under both hashes', async () => {
    const crl = await createRevocationList(authority, { revoked: [{ serialNumber: 5n, date: now }], now });
    const list = parseCrl(crl);
    assert.equal(list.verifiedBy(authority.certificate), true);
    assert.equal(list.size, 1);
    assert.notEqual(list.revoked(5n), undefined);
    const files = trustFiles(authority, crl);
    const { subject } = authority.certificate;
    const hashes = [subjectHash(subject), subjectHashOld(subject)];
    assert.deepEqual(
      [...files.keys()].sort(),
      hashes.flatMap((hash) => [`${hash}.0`, `${hash}.r0`, `${hash}.signing_policy`]).sort(),
    );
    for (const [name, text] of files) {
      if (!name.endsWith('.signing_policy')) assert.equal(parsePem(text.toString()).length, 1);
    }
  });

  test('is kept in files only its owner can read, and comes back the same', async () => {
    const place = join(directory, 'ca');
    assert.equal(await readAuthority(place), undefined);
    await writeAuthority(place, authority, privateKey);
    assert.equal(statSync(place).mode & 0o777, 0o700);
    for (const name of readdirSync(place)) assert.equal(statSync(join(place, name)).mode & 0o777, 0o600);
    const read = await readAuthority(place);
    assert.equal(read?.certificate.fingerprint, authority.certificate.fingerprint);
    assert.equal(read?.namespace, authority.namespace);
    await assert.rejects(writeAuthority(place, authority, privateKey), 'it is never overwritten');
  });

  test('remembers revocations, and refuses a damaged file', async () => {
    const place = join(directory, 'revocations');
    const { mkdirSync, writeFileSync } = await import('node:fs');
    mkdirSync(place);
    assert.deepEqual(await readRevocations(place), []);
    const revoked = [
      { serialNumber: 0x1234n, date: now },
      { serialNumber: (1n << 126n) + 7n, date: new Date(now.getTime() + day) },
    ];
    await writeRevocations(place, revoked);
    assert.deepEqual(await readRevocations(place), revoked);
    writeFileSync(join(place, 'revoked.txt'), 'zz yesterday\n');
    await assert.rejects(readRevocations(place), (error) => isLatchkeyError(error, 'config/malformed'));
  });

  test('its own trust directory has no findings', async () => {
    const { mkdirSync, writeFileSync } = await import('node:fs');
    const place = join(directory, 'trust');
    mkdirSync(place);
    const crl = await createRevocationList(authority, { revoked: [], now: new Date() });
    for (const [name, contents] of trustFiles(authority, crl)) writeFileSync(join(place, name), contents);
    const trust = await loadTrustDirectory(place);
    assert.deepEqual(trust.findings, []);
    assert.equal(trust.issuers(authority.certificate.subject).length >= 1, true);
  });
});

test('a common name cannot pretend to be another attribute, or a proxy', () => {
  for (const name of ['jane', 'Jane Doe', "O'Neill", 'Jürgen', 'a', 'x'.repeat(64), 'jane@example.org']) {
    assert.doesNotThrow(() => checkCommonName(name), name);
  }
  for (const name of [
    '',
    ' jane',
    'jane ',
    'a/CN=b',
    'a=b',
    'proxy',
    'limited proxy',
    'x'.repeat(65),
    'a\nb',
    'a\0b',
    '*',
  ]) {
    assert.throws(
      () => checkCommonName(name),
      (error) => isLatchkeyError(error, 'config/invalid'),
      JSON.stringify(name),
    );
  }
});

test('serial numbers are positive, 16 bytes, and differ', () => {
  const serials = Array.from({ length: 100 }, randomSerialNumber);
  assert.equal(new Set(serials).size, 100);
  for (const serial of serials) assert.equal(serial.toString(2).length, 127);
});
