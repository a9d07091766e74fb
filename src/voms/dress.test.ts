import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeVomsGrid } from '../../test/support/voms-grid.ts';
import { dressCredential, unevenEnds } from './dress.ts';
import { validateAttributeCertificate, validateAttributeCertificates } from './validation.ts';

test('a credential is dressed: one proxy more, with attributes that are valid in it and were so before', async () => {
  const grid = await makeVomsGrid();
  const { now, user, trust, vomsDirectory } = grid;
  const certificate = await grid.attributes();
  const credential = { chain: user.chain, privateKey: user.keys.privateKey };
  assert.ok(validateAttributeCertificate(certificate, user.chain, { vomsDirectory, trust, now }).ok);
  const dressed = await dressCredential(credential, {
    certificates: [certificate],
    now,
    lifetimeSeconds: 3_600,
    key: { type: 'ec', curve: 'P-256' },
    limited: true,
  });
  assert.equal(dressed.chain.length, user.chain.length + 1);
  assert.equal(dressed.chain[0]?.notAfter.getTime(), now.getTime() + 3_600_000);
  const [report] = validateAttributeCertificates(dressed.chain, { vomsDirectory, trust, now });
  assert.equal(report?.ok, true, report?.findings[0]?.message);
  const other = validateAttributeCertificate(certificate, grid.robot.chain, { vomsDirectory, trust, now });
  assert.deepEqual(
    other.findings.map(({ code }) => code),
    ['ac/holder-mismatch'],
  );
});

test('proxy and attributes that do not end together are told with both ends and who ends first', async () => {
  const grid = await makeVomsGrid();
  const certificate = await grid.attributes();
  const ends = certificate.notAfter.getTime();
  assert.deepEqual(unevenEnds(new Date(ends + 59_000), [certificate]), []);
  assert.equal(unevenEnds(new Date(ends + 2_000), [certificate], 1).length, 1);
  const [sooner] = unevenEnds(new Date(ends - 3_600_000), [certificate]);
  assert.deepEqual(sooner, {
    vo: 'testvo',
    proxyEnds: new Date(ends - 3_600_000),
    attributesEnd: certificate.notAfter,
    endsFirst: 'proxy',
  });
  assert.equal(unevenEnds(new Date(ends + 3_600_000), [certificate])[0]?.endsFirst, 'attributes');
});
