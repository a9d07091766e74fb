import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { encodeInteger, encodeOctetString, encodeOid, encodeSequence } from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import {
  basicConstraintsExtension,
  type Certificate,
  DRAFT_PROXY_CERT_INFO,
  describeProxy,
  type Extension,
  hasProxyName,
  PROXY_CERT_INFO,
  parseOneline,
  proxyCertInfoExtension,
} from './index.ts';
import { type Holder, makeAuthority, makeUser } from './sample-holders.test.ts';

let authority: Holder;
before(async () => {
  authority = await makeAuthority();
});

/** A certificate of that subject, of issuer `/O=Grid/CN=Test CA`, with those extensions. */
async function certificate(subject: string, ...extensions: Extension[]): Promise<Certificate> {
  return (await makeUser(authority, { subject: parseOneline(subject), extensions })).certificate;
}

const RFC = proxyCertInfoExtension({ kind: 'rfc3820', rights: 'impersonation' });
const DRAFT = proxyCertInfoExtension({ kind: 'draft', rights: 'impersonation' });

test('a legacy proxy is known by its name alone, which must be below its issuer’s', async () => {
  const kind = 'legacy';
  assert.deepEqual(describeProxy(await certificate('/O=Grid/CN=Test CA/CN=proxy')), {
    kind,
    rights: 'impersonation',
  });
  assert.deepEqual(describeProxy(await certificate('/O=Grid/CN=Test CA/CN=limited proxy')), {
    kind,
    rights: 'limited',
  });
  for (const subject of [
    '/O=Grid/CN=proxy',
    '/O=Grid/CN=Test CA/CN=Proxy',
    '/O=Grid/CN=Test CA/CN=proxy/CN=proxy',
    '/O=Grid/CN=Test CA/OU=proxy',
    '/CN=proxy',
  ]) {
    assert.equal(describeProxy(await certificate(subject)), undefined, subject);
  }
});

test('the extension must be critical', async () => {
  assert.equal(
    describeProxy(await certificate('/O=Grid/CN=Test CA/CN=1', { ...RFC, critical: false })),
    undefined,
  );
  assert.equal(describeProxy(await certificate('/O=Grid/CN=Test CA/CN=1', RFC))?.kind, 'rfc3820');
  assert.equal(describeProxy(await certificate('/O=Grid/CN=Test CA/CN=1', DRAFT))?.kind, 'draft');
});

test('a name that is not below the issuer’s is told apart from the type', async () => {
  const stranger = await certificate('/O=Grid/CN=Somebody Else/CN=1', RFC);
  assert.equal(describeProxy(stranger)?.kind, 'rfc3820');
  assert.equal(hasProxyName(stranger), false);
});

test('a certificate that the C tools would call limited by its name is limited', async () => {
  const both = await certificate('/O=Grid/CN=Test CA/CN=limited proxy', RFC);
  assert.equal(describeProxy(both)?.rights, 'limited');
});

test('a CA is never a proxy', async () => {
  const ca = await certificate('/O=Grid/CN=Test CA/CN=proxy', RFC, basicConstraintsExtension({ isCa: true }));
  assert.equal(describeProxy(ca), undefined);
});

test('extensions that cannot be read are malformed', async () => {
  const policy = encodeSequence(encodeOid('1.3.6.1.5.5.7.21.1'));
  const bad: readonly [string, Extension[]][] = [
    ['both forms', [RFC, DRAFT]],
    ['empty', [{ oid: PROXY_CERT_INFO, critical: true, value: Buffer.alloc(0) }]],
    ['no policy', [{ oid: PROXY_CERT_INFO, critical: true, value: encodeSequence(encodeInteger(1)) }]],
    [
      'negative',
      [{ oid: PROXY_CERT_INFO, critical: true, value: encodeSequence(encodeInteger(-1), policy) }],
    ],
    [
      'huge',
      [{ oid: PROXY_CERT_INFO, critical: true, value: encodeSequence(encodeInteger(1n << 70n), policy) }],
    ],
    [
      'length behind',
      [{ oid: PROXY_CERT_INFO, critical: true, value: encodeSequence(policy, encodeInteger(1)) }],
    ],
    [
      'length before',
      [{ oid: DRAFT_PROXY_CERT_INFO, critical: true, value: encodeSequence(encodeInteger(1), policy) }],
    ],
    [
      'two policies',
      [
        {
          oid: PROXY_CERT_INFO,
          critical: true,
          value: encodeSequence(
            encodeSequence(
              encodeOid('1.2.3'),
              encodeOctetString(Buffer.alloc(0)),
              encodeOctetString(Buffer.alloc(0)),
            ),
          ),
        },
      ],
    ],
  ];
  for (const [what, extensions] of bad) {
    const proxy = await certificate('/O=Grid/CN=Test CA/CN=1', ...extensions);
    assert.throws(
      () => describeProxy(proxy),
      (error) => isLatchkeyError(error, 'x509/malformed'),
      what,
    );
  }
});

test('the extension is written as the C tools write it', () => {
  const hex = (extension: Extension) => extension.value.toString('hex');
  assert.equal(hex(RFC), '300c300a06082b06010505071501');
  assert.equal(
    hex(proxyCertInfoExtension({ kind: 'rfc3820', rights: 'limited' })),
    '300f300d060b2b060104019b5001010109',
  );
  const pathLength = 3;
  assert.equal(
    hex(proxyCertInfoExtension({ kind: 'rfc3820', rights: 'impersonation', pathLength })),
    '300f020103300a06082b06010505071501',
  );
  assert.equal(
    hex(proxyCertInfoExtension({ kind: 'draft', rights: 'impersonation', pathLength })),
    '3011300a06082b06010505071501a103020103',
  );
  assert.throws(() => proxyCertInfoExtension({ kind: 'legacy', rights: 'limited' }), TypeError);
});
