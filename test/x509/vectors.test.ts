import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { parsePem } from '../../src/asn1/index.ts';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import {
  basicConstraints,
  type Certificate,
  describeProxy,
  encodePublicKey,
  endEntityOf,
  extendedKeyUsage,
  formatOneline,
  formatRfc4514,
  identityOf,
  isEncryptedKey,
  isLimitedChain,
  isSignedBy,
  issueProxy,
  keySigner,
  keyUsage,
  openPrivateKey,
  type ProxyType,
  parseCertificateRequest,
  parseCertificates,
  parseCredential,
  parseCrl,
  parseOneline,
  parseRfc4514,
  proxyTypeOfRequest,
  subjectAltNames,
} from '../../src/x509/index.ts';
import { repositoryRoot } from '../support/workspace.ts';

// What openssl and the C grid tools made and said: see test/vectors/x509/README.md.

interface Vector {
  readonly name: string;
  readonly text: string;
  /** The lines above the PEM. */
  readonly says: Readonly<Record<string, string>>;
}

function vectors(kind: string): Vector[] {
  const directory = join(repositoryRoot, 'test/vectors/x509', kind);
  const files = readdirSync(directory)
    .filter((file) => !file.includes('issuer-key'))
    .sort();
  assert.ok(files.length > 0);
  return files.map((file) => {
    const text = readFileSync(join(directory, file), 'utf8');
    const head = text.slice(0, text.indexOf('-----BEGIN')).split('\n').slice(0, -1);
    const says = Object.fromEntries(
      head.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    return { name: basename(file, '.txt'), text, says };
  });
}

function only(pem: string): Certificate {
  const [certificate] = parseCertificates(pem);
  assert.ok(certificate);
  return certificate;
}

test('certificates say what openssl said they do', () => {
  const all = vectors('certificates');
  const authority = only(all.find(({ name }) => name === 'ca')?.text ?? '');
  for (const { name, text, says } of all) {
    const certificate = only(text);
    const { subject } = certificate;
    const instant = (date: Date) => date.toISOString().replace('T', ' ').replace('.000', '');
    const { from: _, serial = '', ...rest } = says;
    const expected = { ...rest, serial: serial.replace(/^0+/, '') };
    assert.deepEqual(
      {
        oneline: formatOneline(subject),
        rfc2253: formatRfc4514(subject),
        serial: certificate.serialNumber.toString(16).toUpperCase(),
        'not-before': instant(certificate.notBefore),
        'not-after': instant(certificate.notAfter),
        sha256: certificate.fingerprint.toUpperCase(),
        'spki-sha1': createHash('sha1').update(certificate.spki).digest('hex'),
      },
      expected,
      name,
    );
    assert.equal(isSignedBy(certificate, authority), true, name);
    assert.equal(describeProxy(certificate), undefined, name);
    assert.equal(formatOneline(parseOneline(says.oneline ?? '')), says.oneline, name);
    assert.equal(formatRfc4514(parseRfc4514(says.rfc2253 ?? '')), says.rfc2253, name);
  }
  assert.deepEqual(basicConstraints(authority), { isCa: true });
  const full = only(all.find(({ name }) => name === 'full')?.text ?? '');
  assert.deepEqual([...(keyUsage(full) ?? [])], ['digitalSignature', 'nonRepudiation', 'keyEncipherment']);
  assert.deepEqual(extendedKeyUsage(full), ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4']);
  assert.deepEqual(
    subjectAltNames(full).map(({ type, value }) => `${type} ${value}`),
    ['dns a.example', 'ip 192.0.2.1', 'ip 2001:db8::1', 'email jane@example.org', 'uri https://a.example/'],
  );
});

const OTHER = { languageOid: '1.3.6.1.4.1.99999.7', policy: Buffer.from('a policy of its own') };
const TYPES: Readonly<Record<string, ProxyType>> = {
  rfc: { kind: 'rfc3820', rights: 'impersonation' },
  'rfc-limited': { kind: 'rfc3820', rights: 'limited' },
  'rfc-independent': { kind: 'rfc3820', rights: 'independent' },
  'rfc-restricted': { kind: 'rfc3820', rights: 'restricted', ...OTHER },
  'rfc-path-length': { kind: 'rfc3820', rights: 'impersonation', pathLength: 3 },
  draft: { kind: 'draft', rights: 'impersonation' },
  'draft-limited': { kind: 'draft', rights: 'limited' },
  'draft-independent': { kind: 'draft', rights: 'independent' },
  'draft-restricted': { kind: 'draft', rights: 'restricted', ...OTHER },
  'draft-path-length': { kind: 'draft', rights: 'impersonation', pathLength: 3 },
  legacy: { kind: 'legacy', rights: 'impersonation' },
  'legacy-limited': { kind: 'legacy', rights: 'limited' },
  usages: { kind: 'rfc3820', rights: 'impersonation' },
  second: { kind: 'rfc3820', rights: 'impersonation' },
  'second-limited': { kind: 'rfc3820', rights: 'limited' },
};

test('proxies of grid-proxy-init are described as grid-proxy-info did, and issued again byte for byte', async () => {
  const all = vectors('proxies');
  assert.deepEqual(all.map(({ name }) => name).sort(), Object.keys(TYPES).sort());
  for (const { name, text, says } of all) {
    const { chain } = await parseCredential(text);
    const [leaf, issuer] = chain;
    const identity = identityOf(chain);
    const type = TYPES[name];
    assert.ok(leaf && issuer && identity && type);
    assert.deepEqual(describeProxy(leaf), type, name);
    assert.equal(formatOneline(leaf.subject), says.subject, name);
    assert.equal(formatOneline(identity), says.identity, name);
    assert.equal(isLimitedChain(chain), says.type?.includes('limited'), name);
    assert.equal(endEntityOf(chain), chain.at(-1), name);

    const key = await openPrivateKey(
      readFileSync(
        join(repositoryRoot, `test/vectors/x509/proxies/${says['issuer-key']}.issuer-key.txt`),
        'utf8',
      ),
    );
    const now = new Date(leaf.notBefore.getTime() + 300_000);
    const again = await issueProxy({
      issuer,
      signer: keySigner(key),
      publicKey: leaf.publicKey,
      type,
      lifetimeSeconds: (leaf.notAfter.getTime() - now.getTime()) / 1000,
      now,
    });
    assert.equal(again.der.toString('hex'), leaf.der.toString('hex'), name);
  }
});

test('keys of openssl are opened with their pass phrase and no other', async () => {
  for (const { name, text, says } of vectors('keys')) {
    const key = await openPrivateKey(text, new Secret('correct horse'));
    const spki = encodePublicKey(createPublicKey(key));
    assert.equal(createHash('sha256').update(spki).digest('hex'), says.public, name);
    assert.equal(isEncryptedKey(text), !name.includes('clear'), name);
    if (name.includes('clear')) continue;
    await assert.rejects(openPrivateKey(text, new Secret('battery staple')), (error) =>
      isLatchkeyError(error, 'x509/pass-phrase-wrong'),
    );
  }
});

test('requests of openssl are read and verified', () => {
  const types = new Map<string, ProxyType>([
    ['proxy', { kind: 'rfc3820', rights: 'impersonation' }],
    ['proxy-limited', { kind: 'rfc3820', rights: 'limited', pathLength: 2 }],
  ]);
  for (const { name, text } of vectors('requests')) {
    const [block] = parsePem(text);
    assert.ok(block);
    const request = parseCertificateRequest(block.der);
    assert.equal(request.verify(), true, name);
    assert.deepEqual(proxyTypeOfRequest(request), types.get(name), name);
  }
});

test('a revocation list of openssl names the revoked', () => {
  const certificates = new Map(vectors('certificates').map(({ name, text }) => [name, only(text)]));
  const [list] = vectors('lists');
  const [block] = parsePem(list?.text ?? '');
  assert.ok(block);
  const crl = parseCrl(block.der);
  const revoked = [...certificates].filter(([, { serialNumber }]) => crl.revoked(serialNumber) !== undefined);
  assert.deepEqual(
    revoked.map(([name]) => name),
    ['slash', 'user'],
  );
  assert.equal(crl.revoked(certificates.get('user')?.serialNumber ?? 0n)?.reason, 1);
  for (const [name, certificate] of certificates)
    assert.equal(crl.verifiedBy(certificate), name === 'ca', name);
});
