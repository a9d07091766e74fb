import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { encodeBitString, encodeInteger, encodeNull, encodeOid, encodeSequence } from '../asn1/index.ts';
import { LruCache } from '../kit/index.ts';
import { basicConstraintsExtension } from './basic-constraints.ts';
import type { Certificate } from './certificate.ts';
import { buildCertificate, type CertificateFields } from './certificate-builder.ts';
import { issueProxy, type ProxyFields } from './issue-proxy.ts';
import { generateKeyPair, type KeyPair } from './key-pair.ts';
import { keyUsageExtension } from './key-usage.ts';
import { formatOneline, parseOneline } from './name-oneline.ts';
import { OPENSSL_VERIFY_TEXT } from './path-finding.ts';
import { MAX_PATH_DEPTH } from './path-search.ts';
import { MAX_CHAIN_LENGTH, type PathReport, validatePath } from './path-validation.ts';
import { readPublicKey } from './public-key.ts';
import { keySigner } from './signer.ts';
import { memoryTrustStore, type TrustStore } from './trust-store.ts';

// Rule by rule, against OpenSSL and the C tools: test/x509-path/. Here: what the report says, and its bounds.

const now = new Date('2026-06-01T12:00:00Z');
const CA_EXTENSIONS = [
  basicConstraintsExtension({ isCa: true }),
  keyUsageExtension(['keyCertSign', 'cRLSign']),
];
let caKeys: KeyPair;
let userKeys: KeyPair;
let proxyKeys: KeyPair;
let root: Certificate;
let user: Certificate;
let trust: TrustStore;

before(async () => {
  [caKeys, userKeys, proxyKeys] = (await Promise.all(
    [1, 2, 3].map(() => generateKeyPair({ type: 'ec' })),
  )) as [KeyPair, KeyPair, KeyPair];
  root = await make({ dn: '/O=Grid/CN=CA', keys: caKeys, extensions: CA_EXTENSIONS });
  user = await make({
    dn: '/O=Grid/CN=Jane',
    keys: userKeys,
    issuer: root,
    signer: keySigner(caKeys.privateKey),
  });
  trust = memoryTrustStore({
    authorities: [root],
    signingPolicies: [{ authority: '/O=Grid/CN=CA', subjects: ['/O=Grid/*'] }],
  });
});

interface Plan extends Partial<Omit<CertificateFields, 'issuer'>> {
  readonly dn: string;
  readonly keys: KeyPair;
  readonly issuer?: Certificate;
}
function make({ dn, keys, issuer, ...more }: Plan): Promise<Certificate> {
  const subject = parseOneline(dn);
  return buildCertificate({
    subject,
    issuer: issuer?.subject ?? subject,
    serialNumber: 5n,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2027-01-01T00:00:00Z'),
    spki: keys.publicKey.export({ type: 'spki', format: 'der' }),
    extensions: [],
    signer: keySigner(keys.privateKey),
    ...more,
  });
}
const delegate = (
  issuer: Certificate,
  keys: KeyPair,
  more: Partial<ProxyFields> = {},
): Promise<Certificate> =>
  issueProxy({
    issuer,
    signer: keySigner(keys.privateKey),
    publicKey: proxyKeys.publicKey,
    now,
    lifetimeSeconds: 3600,
    ...more,
  });
const codes = (report: PathReport): string[] => report.findings.map(({ code, index }) => `${index} ${code}`);

test('a good report: path to the root, end entity, identity, the first expiry', async () => {
  const first = await delegate(user, userKeys, { lifetimeSeconds: 7200 });
  const second = await delegate(first, proxyKeys);
  const report = validatePath([second, user, first], { trust, now });
  assert.deepEqual(codes(report), []);
  assert.ok(report.ok);
  assert.deepEqual(report.path, [second, first, user, root]);
  assert.equal(report.endEntity, user);
  assert.equal(report.identity && formatOneline(report.identity), '/O=Grid/CN=Jane');
  assert.equal(report.isLimited, false);
  assert.deepEqual(report.expires, second.notAfter);
});

test('limited and independent proxies', async () => {
  const limited = await delegate(user, userKeys, { limited: true });
  const below = await delegate(limited, proxyKeys);
  assert.equal(validatePath([below, limited, user], { trust, now }).isLimited, true);
  const independent = await delegate(user, userKeys, { type: { kind: 'rfc3820', rights: 'independent' } });
  const report = validatePath([independent, user], { trust, now });
  assert.ok(report.ok);
  assert.ok(report.identity && formatOneline(report.identity).startsWith('/O=Grid/CN=Jane/CN='));
});

test('every fault of every certificate is found, errors first, each with subject, rule and place', async () => {
  const late = new Date('2028-01-01T00:00:00Z');
  const other = memoryTrustStore({ authorities: [root] });
  const proxy = await delegate(user, userKeys);
  const report = validatePath([proxy, user], { trust: other, now: late, purpose: 'client' });
  assert.deepEqual(codes(report), [
    '0 certificate/expired',
    '1 certificate/expired',
    '2 certificate/expired',
    '1 policy/missing',
  ]);
  assert.equal(report.ok, false);
  assert.match(report.findings[1]?.message ?? '', /"\/O=Grid\/CN=Jane" has expired at 2027-01-01T00:00:00Z/);
  for (const { code, rule } of report.findings) {
    assert.ok(rule);
    assert.ok(OPENSSL_VERIFY_TEXT[code]);
  }
});

test('a missing signing_policy can be allowed, a violated one cannot', () => {
  const none = memoryTrustStore({ authorities: [root] });
  assert.ok(validatePath([user], { trust: none, now, requireSigningPolicy: false }).ok);
  const narrow = memoryTrustStore({
    authorities: [root],
    signingPolicies: [{ authority: '/O=Grid/CN=CA', subjects: ['/O=Other/*'] }],
  });
  assert.deepEqual(codes(validatePath([user], { trust: narrow, now, requireSigningPolicy: false })), [
    '0 policy/subject-refused',
  ]);
});

test('the validity ends with its last second, as OpenSSL has it', () => {
  const at = (time: string): boolean => validatePath([user], { trust, now: new Date(time) }).ok;
  assert.equal(at('2025-12-31T23:59:59Z'), false);
  assert.equal(at('2026-01-01T00:00:00Z'), true);
  assert.equal(at('2026-12-31T23:59:59Z'), true);
  assert.equal(at('2027-01-01T00:00:00Z'), false);
});

test('a signature seen good before is not computed again; other bytes are', () => {
  const verified = new LruCache<string, true>(10);
  assert.ok(validatePath([user], { trust, now, verified }).ok);
  assert.equal(verified.size, 1);
  const poisoned = new LruCache<string, true>(10);
  const stranger = Object.create(user, { signature: { value: Buffer.alloc(70) } }) as Certificate;
  // The memory is keyed by fingerprints of whole certificates: only an exact pair is believed.
  poisoned.set(`${user.fingerprint}:${user.fingerprint}`, true);
  assert.deepEqual(codes(validatePath([stranger], { trust, now, verified: poisoned })), [
    '0 certificate/signature-invalid',
  ]);
  poisoned.set(`${user.fingerprint}:${root.fingerprint}`, true);
  assert.ok(validatePath([stranger], { trust, now, verified: poisoned }).ok, 'the memory is used');
});

test('empty, long and deep chains', async () => {
  assert.deepEqual(codes(validatePath([], { trust, now })), ['0 chain/empty']);
  const many = Array.from({ length: MAX_CHAIN_LENGTH + 1 }, () => user);
  assert.deepEqual(codes(validatePath(many, { trust, now })), ['0 chain/too-long']);
  assert.ok(validatePath(many.slice(1), { trust, now }).ok);

  const chain = [user];
  let keys = userKeys;
  while (chain.length < MAX_PATH_DEPTH) {
    const [last] = chain;
    if (last === undefined) break;
    chain.unshift(await delegate(last, keys));
    keys = proxyKeys;
  }
  assert.ok(validatePath(chain.slice(1), { trust, now }).ok, `${MAX_PATH_DEPTH} certificates with the root`);
  assert.ok(codes(validatePath(chain, { trust, now })).includes(`${MAX_PATH_DEPTH - 1} chain/too-long`));
});

test('many authorities of one name that sign each other end in a bounded search', async () => {
  const pairs = await Promise.all(Array.from({ length: 8 }, () => generateKeyPair({ type: 'ec' })));
  const clique: Certificate[] = [];
  for (const keys of pairs) {
    for (const signer of pairs.slice(0, 4)) {
      clique.push(
        await make({
          dn: '/O=Evil/CN=CA',
          keys,
          extensions: CA_EXTENSIONS,
          signer: keySigner(signer.privateKey),
          serialNumber: BigInt(clique.length),
        }),
      );
    }
  }
  const [first] = pairs;
  const [evil] = clique;
  assert.ok(first && evil);
  const leaf = await make({
    dn: '/O=Evil/CN=x',
    keys: userKeys,
    issuer: evil,
    signer: keySigner(first.privateKey),
  });
  const start = performance.now();
  const report = validatePath([leaf, ...clique.slice(0, MAX_CHAIN_LENGTH - 1)], {
    trust,
    now,
    verified: new LruCache(1000),
  });
  assert.equal(report.ok, false);
  assert.ok(performance.now() - start < 3_000, `${performance.now() - start} ms`);
});

test('keys that make a verifier work for milliseconds do not get to do so a hundred times', async () => {
  const modulus = BigInt(`0x${'f1'.repeat(2048)}`);
  const numbers = encodeSequence(encodeInteger(modulus), encodeInteger((1n << 64n) - 1n));
  const algorithm = encodeSequence(encodeOid('1.2.840.113549.1.1.1'), encodeNull());
  const publicKey = readPublicKey(encodeSequence(algorithm, encodeBitString(numbers)));
  const signer = { publicKey, sign: async () => Buffer.alloc(2048, 1) };
  const keys = { publicKey, privateKey: userKeys.privateKey };
  const heavy = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      make({ dn: '/O=Evil/CN=x', keys, signer, serialNumber: BigInt(index + 1) }),
    ),
  );
  const { user: before } = process.cpuUsage();
  const report = validatePath(heavy, { trust, now, verified: new LruCache(1000) });
  const milliseconds = (process.cpuUsage().user - before) / 1000;
  assert.ok(codes(report).includes('0 chain/search-limit'));
  assert.ok(milliseconds < 200, `${milliseconds} ms`);
});
