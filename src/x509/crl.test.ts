import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  contextTag,
  encode,
  encodeInteger,
  encodeOctetString,
  encodeOid,
  encodeSequence,
} from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { keyUsageExtension, parseCrl } from './index.ts';
import { entry, makeCrl, reason } from './sample-crl.test.ts';
import { type Holder, makeAuthority, makeUser, NOW } from './sample-holders.test.ts';

let authority: Holder;
before(async () => {
  authority = await makeAuthority();
});

test('revoked serial numbers are found, with date and reason', async () => {
  const big = 1n << 159n;
  const crl = parseCrl(
    await makeCrl(authority, { entries: [entry(5n), entry(big, reason(1)), entry(0x80n)] }),
  );
  assert.equal(crl.size, 3);
  assert.deepEqual(crl.revoked(5n), { serialNumber: 5n, revokedAt: NOW });
  assert.deepEqual(crl.revoked(big), { serialNumber: big, revokedAt: NOW, reason: 1 });
  assert.equal(crl.revoked(0x80n)?.serialNumber, 0x80n);
  assert.equal(crl.revoked(6n), undefined);
  assert.deepEqual(crl.thisUpdate, NOW);
  assert.equal(crl.nextUpdate?.getTime(), NOW.getTime() + 1000);
});

test('a list may be empty, old (version 1) and without a next update', async () => {
  const crl = parseCrl(await makeCrl(authority, { version: [], next: [] }));
  assert.equal(crl.size, 0);
  assert.equal(crl.nextUpdate, undefined);
  assert.equal(crl.revoked(1n), undefined);
});

test('extensions of the list are read', async () => {
  const number = encodeSequence(encodeOid('2.5.29.20'), encodeOctetString(encodeInteger(7)));
  const der = await makeCrl(authority, { extensions: [encode(contextTag(0), encodeSequence(number))] });
  assert.deepEqual(parseCrl(der).extensions, [
    { oid: '2.5.29.20', critical: false, value: encodeInteger(7) },
  ]);
});

test('it is verified by the CA of that name and key, if that one may sign lists', async () => {
  const crl = parseCrl(await makeCrl(authority, { entries: [entry(5n)] }));
  assert.equal(crl.verifiedBy(authority.certificate), true);
  assert.equal(crl.verifiedBy((await makeAuthority()).certificate), false);
  const user = await makeUser(authority);
  assert.equal(parseCrl(await makeCrl(user, {})).verifiedBy(user.certificate), false);
  const lister = await makeUser(authority, { extensions: [keyUsageExtension(['cRLSign'])] });
  assert.equal(parseCrl(await makeCrl(lister, {})).verifiedBy(lister.certificate), true);
  const silent = await makeUser(authority, { extensions: [] });
  assert.equal(parseCrl(await makeCrl(silent, {})).verifiedBy(silent.certificate), true);
});

test('a hundred thousand entries are read in a bounded time', async () => {
  const entries = Array.from({ length: 100_000 }, (_, i) => entry(BigInt(i) * 7919n));
  const der = await makeCrl(authority, { entries: [Buffer.concat(entries)] });
  const start = process.cpuUsage();
  const crl = parseCrl(der);
  assert.equal(crl.revoked(99_999n * 7919n)?.serialNumber, 99_999n * 7919n);
  const { user, system } = process.cpuUsage(start);
  assert.ok(user + system < 2_000_000, `${(user + system) / 1000} ms`);
});

test('lists that are none are refused', async () => {
  const good = await makeCrl(authority, { entries: [entry(5n)] });
  const cases: readonly [string, Buffer][] = [
    ['cut short', good.subarray(0, -1)],
    ['version 3', await makeCrl(authority, { version: [encodeInteger(2)] })],
    ['an entry that is no SEQUENCE', await makeCrl(authority, { entries: [encodeInteger(5)] })],
    ['an entry without a serial number', await makeCrl(authority, { entries: [encodeSequence()] })],
    [
      'a serial number that is not minimal',
      await makeCrl(authority, { entries: [encodeSequence(Buffer.from('02020001', 'hex'))] }),
    ],
  ];
  for (const [what, der] of cases) {
    assert.throws(
      () => parseCrl(der),
      (error) => isLatchkeyError(error, 'x509/malformed'),
      what,
    );
  }
  const noDate = parseCrl(await makeCrl(authority, { entries: [encodeSequence(encodeInteger(5))] }));
  assert.throws(
    () => noDate.revoked(5n),
    (error) => isLatchkeyError(error, 'x509/malformed'),
  );
});
