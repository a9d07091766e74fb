import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Certificate } from './certificate.ts';
import { buildCertificate } from './certificate-builder.ts';
import { issueProxy } from './issue-proxy.ts';
import { generateKeyPair, type KeyPair } from './key-pair.ts';
import { parseOneline } from './name-oneline.ts';
import { checkServerIdentity } from './server-identity.ts';
import { keySigner } from './signer.ts';
import { type GeneralName, subjectAltNameExtension } from './subject-alt-name.ts';

let keys: KeyPair;
before(async () => {
  keys = await generateKeyPair({ type: 'ec' });
});

async function server(dn: string, ...names: GeneralName[]): Promise<Certificate> {
  const name = parseOneline(dn);
  return await buildCertificate({
    subject: name,
    issuer: name,
    serialNumber: 1n,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2027-01-01T00:00:00Z'),
    spki: keys.publicKey.export({ type: 'spki', format: 'der' }),
    extensions: names.length > 0 ? [subjectAltNameExtension(names)] : [],
    signer: keySigner(keys.privateKey),
  });
}
const dns = (value: string): GeneralName => ({ type: 'dns', value });
const ip = (value: string): GeneralName => ({ type: 'ip', value });
const accepts = (certificate: Certificate, host: string): boolean =>
  checkServerIdentity([certificate], { host }) === undefined;

test('dNSName: exact, any letter case, final dot', async () => {
  const certificate = await server('/O=Grid/CN=x', dns('a.example.org'), dns('b.example.org'));
  for (const host of ['a.example.org', 'B.EXAMPLE.org', 'a.example.org.'])
    assert.ok(accepts(certificate, host), host);
  for (const host of ['example.org', 'aa.example.org', 'x.a.example.org', 'a.example.org.evil', '']) {
    assert.ok(!accepts(certificate, host), host);
  }
});

test('a wildcard is one whole label, the first one', async () => {
  const certificate = await server('/O=Grid/CN=x', dns('*.example.org'));
  assert.ok(accepts(certificate, 'a.example.org'));
  for (const host of ['a.b.example.org', 'example.org', '.example.org'])
    assert.ok(!accepts(certificate, host), host);
  assert.ok(!accepts(await server('/CN=x', dns('a*.example.org')), 'ab.example.org'));
  assert.ok(!accepts(await server('/CN=x', dns('a.*.org')), 'a.example.org'));
  assert.ok(!accepts(await server('/CN=x', dns('*.org')), 'example.org'), 'too wide');
  assert.ok(!accepts(await server('/CN=x', dns('*')), 'localhost'));
  assert.ok(!accepts(await server('/CN=x', dns('*.0.0.1')), '127.0.0.1'), 'an address is no host name');
});

test('iPAddress, in any spelling of the address', async () => {
  const certificate = await server('/O=Grid/CN=x', dns('localhost'), ip('127.0.0.1'), ip('::1'));
  for (const host of ['127.0.0.1', '::1', '[::1]', '0:0:0:0:0:0:0:1'])
    assert.ok(accepts(certificate, host), host);
  for (const host of ['127.0.0.2', '::2']) assert.ok(!accepts(certificate, host), host);
});

test('the common name counts only without a dNSName, with or without host/ and myproxy/', async () => {
  assert.ok(accepts(await server('/O=Grid/CN=a.example.org'), 'a.example.org'));
  assert.ok(accepts(await server('/O=Grid/CN=host/a.example.org'), 'a.example.org'));
  assert.ok(accepts(await server('/O=Grid/CN=myproxy/a.example.org'), 'a.example.org'));
  assert.ok(accepts(await server('/O=Grid/CN=a.example.org', ip('10.0.0.1')), 'a.example.org'));
  assert.ok(!accepts(await server('/O=Grid/CN=a.example.org', dns('b.example.org')), 'a.example.org'));
  assert.ok(!accepts(await server('/O=Grid/CN=ldap/a.example.org'), 'a.example.org'));
  assert.ok(
    !accepts(await server('/CN=a.example.org/CN=b.example.org'), 'a.example.org'),
    'only the last common name',
  );
  assert.ok(!accepts(await server('/O=a.example.org'), 'a.example.org'));
});

test('an expected name decides alone, letter by letter', async () => {
  const chain = [await server('/O=Grid/CN=host/a.example.org')];
  const expect = (expectedDn: string, host = 'other') => checkServerIdentity(chain, { host, expectedDn });
  assert.equal(expect('/O=Grid/CN=host/a.example.org'), undefined);
  assert.equal(expect('/O=grid/CN=host/a.example.org')?.code, 'server/identity');
  assert.equal(expect('/O=Grid/CN=host/b.example.org', 'a.example.org')?.rule, 'MYPROXY_SERVER_DN');
  assert.equal(expect('', 'a.example.org'), undefined, 'an empty variable is none');
});

test('a name that only reads as the expected one is somebody else', async () => {
  const expectedDn = '/O=Grid\\/CN=a.example.org';
  const check = async (dn: string) => checkServerIdentity([await server(dn)], { host: 'x', expectedDn });
  assert.equal(await check(expectedDn), undefined);
  // O=Grid\, CN=a.example.org
  assert.equal((await check('/O=Grid\\x5C/CN=a.example.org'))?.code, 'server/identity');
});

test('a server that runs on a proxy is the end entity', async () => {
  const host = await server('/O=Grid/CN=a.example.org');
  const proxyKeys = await generateKeyPair({ type: 'ec' });
  const proxy = await issueProxy({
    issuer: host,
    signer: keySigner(keys.privateKey),
    publicKey: proxyKeys.publicKey,
    now: new Date('2026-06-01T00:00:00Z'),
  });
  assert.equal(checkServerIdentity([proxy, host], { host: 'a.example.org' }), undefined);
  assert.equal(
    checkServerIdentity([proxy, host], { host: 'x', expectedDn: '/O=Grid/CN=a.example.org' }),
    undefined,
  );
});

test('the finding says who the server is and what to do', async () => {
  const finding = checkServerIdentity([await server('/O=Grid/CN=x y', dns('a.org'))], { host: 'b.org' });
  assert.match(finding?.message ?? '', /"\/O=Grid\/CN=x y" is for "a\.org", not for "b\.org"/);
  assert.match(finding?.hint ?? '', /MYPROXY_SERVER_DN='\/O=Grid\/CN=x y'/);
  assert.deepEqual(finding?.actualHosts, ['a.org']);
});

test('an empty chain and unreadable names are nobody', async () => {
  assert.equal(checkServerIdentity([], { host: 'a.org' })?.code, 'server/identity');
  const certificate = await server('/CN=a.org');
  const extensions = [{ oid: '2.5.29.17', critical: false, value: Buffer.from('ff', 'hex') }];
  const broken = Object.create(certificate, { extensions: { value: extensions } }) as Certificate;
  assert.ok(!accepts(broken, 'a.org'));
});
