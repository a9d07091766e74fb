import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { before, test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import {
  describeProxy,
  EKU,
  type Extension,
  endEntityOf,
  extendedKeyUsageExtension,
  formatOneline,
  generateKeyPair,
  hasProxyName,
  identityOf,
  isLimitedChain,
  isSignedBy,
  keySigner,
  keyUsage,
  keyUsageExtension,
  type ProxyKind,
  type ProxyType,
  signatureDigest,
} from './index.ts';
import { issueProxy } from './issue-proxy.ts';
import { DAY_MS, type Holder, makeAuthority, makeProxy, makeUser, NOW } from './sample-holders.test.ts';

let authority: Holder;
let user: Holder;
before(async () => {
  authority = await makeAuthority();
  user = await makeUser(authority);
});

const isRefused = (error: unknown) => isLatchkeyError(error, 'proxy/not-allowed');
const KINDS: readonly ProxyKind[] = ['rfc3820', 'draft', 'legacy'];

test('below a user it is an RFC 3820 impersonation proxy unless told otherwise', async () => {
  const { certificate, publicKey } = await makeProxy(user);
  assert.deepEqual(describeProxy(certificate), { kind: 'rfc3820', rights: 'impersonation' });
  assert.equal(isSignedBy(certificate, user.certificate), true);
  assert.equal(hasProxyName(certificate), true);
  assert.ok(certificate.publicKey.equals(publicKey));
  assert.equal(describeProxy(user.certificate), undefined);
  assert.equal(describeProxy(authority.certificate), undefined);
});

test('every type comes back as it was asked for', async () => {
  const types: ProxyType[] = [
    ...KINDS.flatMap((kind): ProxyType[] => [
      { kind, rights: 'impersonation' },
      { kind, rights: 'limited' },
    ]),
    ...(['rfc3820', 'draft'] as const).flatMap((kind): ProxyType[] => [
      { kind, rights: 'independent' },
      { kind, rights: 'restricted', languageOid: '1.2.3.4', policy: Buffer.from('only reading') },
      { kind, rights: 'restricted', languageOid: '1.3.6.1.5.5.7.21.0', pathLength: 1 },
      { kind, rights: 'impersonation', pathLength: 0 },
    ]),
  ];
  for (const type of types) {
    const { certificate } = await makeProxy(user, { type });
    assert.deepEqual(describeProxy(certificate), type);
    assert.equal(isSignedBy(certificate, user.certificate), true);
  }
});

test('serial number and name come from the SHA-1 of the key', async () => {
  const { certificate } = await makeProxy(user);
  const hash = createHash('sha1').update(certificate.spki).digest();
  hash[3] = (hash[3] ?? 0) >> 1;
  const number = hash.readUInt32LE(0);
  assert.equal(certificate.serialNumber, BigInt(number));
  assert.equal(formatOneline(certificate.subject), `/O=Grid/CN=Jane User/CN=${number}`);
});

test('a legacy proxy has the serial number of its issuer', async () => {
  const { certificate } = await makeProxy(user, { type: { kind: 'legacy', rights: 'limited' } });
  assert.equal(certificate.serialNumber, user.certificate.serialNumber);
  assert.equal(formatOneline(certificate.subject), '/O=Grid/CN=Jane User/CN=limited proxy');
});

test('it begins five minutes ago and ends when asked, never after its issuer', async () => {
  const ends = async (lifetimeSeconds?: number) => {
    const { certificate } = await makeProxy(user, lifetimeSeconds === undefined ? {} : { lifetimeSeconds });
    assert.equal(certificate.notBefore.getTime(), NOW.getTime() - 300_000);
    return (certificate.notAfter.getTime() - NOW.getTime()) / 1000;
  };
  assert.equal(await ends(), 43_200);
  assert.equal(await ends(90), 90);
  assert.equal(await ends(0), 365 * 86_400);
  assert.equal(await ends(400 * 86_400), 365 * 86_400);
});

test('below a proxy the kind is that proxy’s, and limited stays limited', async () => {
  for (const kind of KINDS) {
    const first = await makeProxy(user, { type: { kind, rights: 'impersonation' } });
    const second = await makeProxy(first, { type: { kind: 'rfc3820', rights: 'impersonation' } });
    assert.equal(describeProxy(second.certificate)?.kind, kind);
    const third = await makeProxy(second, { limited: true });
    assert.deepEqual(describeProxy(third.certificate), { kind, rights: 'limited' });
    const fourth = await makeProxy(third, { type: { kind, rights: 'impersonation' } });
    assert.deepEqual(describeProxy(fourth.certificate), { kind, rights: 'limited' });
    const chain = [fourth, third, second, first, user].map(({ certificate }) => certificate);
    for (const [i, certificate] of chain.slice(0, -1).entries()) {
      const issuer = chain[i + 1];
      assert.ok(issuer !== undefined && isSignedBy(certificate, issuer) && hasProxyName(certificate));
    }
    assert.equal(isLimitedChain(chain), true);
    assert.equal(isLimitedChain(chain.slice(2)), false);
    assert.equal(endEntityOf(chain), user.certificate);
    assert.equal(identityOf(chain), user.certificate.subject);
  }
});

test('rights never grow below a limited, independent or restricted proxy', async () => {
  const limited = await makeProxy(user, { limited: true });
  await assert.rejects(makeProxy(limited, { type: { kind: 'rfc3820', rights: 'independent' } }), isRefused);
  await assert.rejects(makeProxy(limited, { type: { kind: 'rfc3820', rights: 'restricted' } }), isRefused);

  const independent = await makeProxy(user, { type: { kind: 'rfc3820', rights: 'independent' } });
  const below = await makeProxy(independent, { type: { kind: 'rfc3820', rights: 'impersonation' } });
  assert.equal(describeProxy(below.certificate)?.rights, 'independent');
  assert.equal(
    describeProxy((await makeProxy(independent, { limited: true })).certificate)?.rights,
    'limited',
  );
  assert.equal(
    identityOf([below.certificate, independent.certificate, user.certificate]),
    below.certificate.subject,
  );

  const type: ProxyType = {
    kind: 'rfc3820',
    rights: 'restricted',
    languageOid: '1.2.3',
    policy: Buffer.from('p'),
  };
  const restricted = await makeProxy(user, { type });
  assert.deepEqual(describeProxy((await makeProxy(restricted)).certificate), type);
  await assert.rejects(makeProxy(restricted, { limited: true }), isRefused);
  assert.equal(isLimitedChain([restricted.certificate, user.certificate]), false);
  assert.equal(identityOf([restricted.certificate, user.certificate]), restricted.certificate.subject);
});

test('a legacy proxy can be neither independent nor restricted', async () => {
  await assert.rejects(makeProxy(user, { type: { kind: 'legacy', rights: 'independent' } }), isRefused);
  const legacy = await makeProxy(user, { type: { kind: 'legacy', rights: 'impersonation' } });
  await assert.rejects(makeProxy(legacy, { type: { kind: 'rfc3820', rights: 'restricted' } }), isRefused);
});

test('a path length of zero allows no further proxy', async () => {
  const type: ProxyType = { kind: 'rfc3820', rights: 'impersonation', pathLength: 0 };
  const last = await makeProxy(user, { type });
  await assert.rejects(makeProxy(last), /path length 0/);
});

test('usages are handed on, but for nonRepudiation and keyCertSign', async () => {
  const extensions: Extension[] = [
    keyUsageExtension(['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'keyCertSign']),
    extendedKeyUsageExtension([EKU.clientAuth]),
  ];
  const robot = await makeUser(authority, { extensions });
  const extra: Extension = { oid: '1.2.3.4', critical: false, value: Buffer.from([5, 0]) };
  const { certificate } = await makeProxy(robot, { extensions: [extra] });
  assert.deepEqual([...(keyUsage(certificate) ?? [])], ['digitalSignature', 'keyEncipherment']);
  assert.deepEqual(
    certificate.extensions.map(({ oid, critical }) => [oid, critical]),
    [
      ['2.5.29.37', false],
      ['2.5.29.15', true],
      ['1.3.6.1.5.5.7.1.14', true],
      ['1.2.3.4', false],
    ],
  );
  const plain = await makeProxy(await makeUser(authority, { extensions: [] }));
  assert.equal(plain.certificate.extensions.length, 1);
});

test('the digest is that of the issuer’s own signature, SHA-256 at least', async () => {
  for (const [digest, expected] of [
    ['sha1', 'sha256'],
    ['sha256', 'sha256'],
    ['sha384', 'sha384'],
    ['sha512', 'sha512'],
  ] as const) {
    const holder = await makeUser(authority, { digest });
    assert.equal(signatureDigest((await makeProxy(holder)).certificate), expected);
  }
});

test('RSA signs for EC and EC for RSA', async () => {
  const rsaUser = await makeUser(authority, { algorithm: { type: 'rsa', bits: 2048 } });
  const rsa = await generateKeyPair({ type: 'rsa', bits: 2048 });
  assert.equal(isSignedBy((await makeProxy(rsaUser)).certificate, rsaUser.certificate), true);
  assert.equal(
    isSignedBy((await makeProxy(user, { publicKey: rsa.publicKey })).certificate, user.certificate),
    true,
  );
});

test('nobody signs who may not', async () => {
  await assert.rejects(makeProxy(authority), /is a CA/);
  const encipherOnly = await makeUser(authority, { extensions: [keyUsageExtension(['keyEncipherment'])] });
  await assert.rejects(makeProxy(encipherOnly), /without digitalSignature/);
  const late = new Date(NOW.getTime() + 366 * DAY_MS);
  await assert.rejects(makeProxy(user, { now: late }), (error) => isLatchkeyError(error, 'proxy/expired'));
  await assert.rejects(makeProxy(user, { signer: keySigner(authority.privateKey) }), (error) =>
    isLatchkeyError(error, 'x509/key-mismatch'),
  );
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 512 });
  await assert.rejects(makeProxy(user, { publicKey }), /512 bits/);
});

test('no proxy for a key that no validation would accept', async () => {
  for (const namedCurve of ['secp112r1', 'prime192v1']) {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve });
    await assert.rejects(
      issueProxy({ issuer: user.certificate, signer: keySigner(user.privateKey), publicKey, now: NOW }),
      (error) => isLatchkeyError(error, 'proxy/not-allowed') && /bits where 224/.test(error.message),
      namedCurve,
    );
  }
});
