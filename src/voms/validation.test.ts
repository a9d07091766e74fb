import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { lscOf, makeVomsGrid, type VomsGrid } from '../../test/support/voms-grid.ts';
import { children, encodeBitString, encodeSequence, readOnly } from '../asn1/index.ts';
import { type Certificate, type Extension, encodeExtensions, keySigner } from '../x509/index.ts';
import { type AttributeCertificate, parseAttributeCertificate } from './attribute-certificate.ts';
import { VOMS } from './identifiers.ts';
import { attributeCertificatesOf } from './proxy-extension.ts';
import {
  type VomsReport,
  type VomsValidationOptions,
  validateAttributeCertificates,
  verifiedFqans,
} from './validation.ts';
import { memoryVomsDirectory } from './voms-directory.ts';

let grid: VomsGrid;
let good: AttributeCertificate;
let chain: readonly Certificate[];

before(async () => {
  grid = await makeVomsGrid();
  good = await grid.attributes({
    genericAttributes: [{ name: 'nick', value: 'jane', qualifier: 'testvo' }],
  });
  chain = await grid.dressed([good]);
});

function validate(proxy: readonly Certificate[], more: Partial<VomsValidationOptions> = {}): VomsReport[] {
  const { trust, vomsDirectory, now } = grid;
  return validateAttributeCertificates(proxy, { trust, vomsDirectory, now, ...more });
}

const codesOf = (reports: readonly VomsReport[]) =>
  reports.map(({ findings }) => findings.map(({ code }) => code));
const hours = (count: number) => new Date(grid.now.getTime() + count * 3_600_000);

test('attributes are read as they were made, and are valid', () => {
  const [report, ...others] = validate(chain);
  assert.deepEqual(others, []);
  assert.deepEqual(report?.findings, []);
  assert.equal(report?.ok, true);
  assert.equal(report?.server?.fingerprint, grid.server.chain[0].fingerprint);
  const { vo, host, port, uri, fqans, genericAttributes, targets, der } = report?.certificate ?? good;
  assert.deepEqual(
    { vo, host, port, uri, fqans, genericAttributes, targets },
    {
      vo: 'testvo',
      host: 'voms.example.org',
      port: 15000,
      uri: 'testvo://voms.example.org:15000',
      fqans: ['/testvo/Role=NULL/Capability=NULL', '/testvo/analysis/Role=production/Capability=NULL'],
      genericAttributes: [{ name: 'nick', value: 'jane', qualifier: 'testvo' }],
      targets: undefined,
    },
  );
  assert.deepEqual(der, good.der);
  assert.deepEqual(verifiedFqans(validate(chain)), fqans);
});

test('either name of the holder will do, next to the serial number', async () => {
  const proxy = await grid.dressed([await grid.attributes({ holderName: 'issuer' })]);
  assert.equal(validate(proxy)[0]?.ok, true);
});

test('attributes have a beginning and an end, and clocks may differ by five minutes', () => {
  assert.deepEqual(codesOf(validate(chain, { now: hours(12.08) })), [[]]);
  assert.deepEqual(codesOf(validate(chain, { now: hours(12.09) })), [['ac/expired']]);
  assert.deepEqual(codesOf(validate(chain, { now: hours(-0.09) })), [['ac/not-yet-valid']]);
  assert.deepEqual(codesOf(validate(chain, { now: hours(-0.08) })), [[]]);
  assert.match(
    validate(chain, { now: hours(13) })[0]?.findings[0]?.message ?? '',
    /"testvo" have expired at 2026-06-02T00:00:00Z, and it is 2026-06-02T01:00:00Z/,
  );
});

test("attributes in another user's proxy are stolen", async () => {
  const stolen = validate(await grid.dressed([good], grid.robot));
  assert.deepEqual(codesOf(stolen), [['ac/holder-mismatch']]);
  assert.deepEqual(verifiedFqans(stolen), []);
});

test('by the name of an authority and a serial number nobody else of that authority is meant', async () => {
  const byIssuer = await grid.attributes({ holderName: 'issuer' });
  assert.deepEqual(codesOf(validate(await grid.dressed([byIssuer], grid.robot))), [['ac/holder-mismatch']]);
});

test('the serial number of the holder alone is not enough', async () => {
  const { serialNumber } = grid.user.chain[0];
  const twin = await grid.issue('/O=Grid/CN=Twin', { serialNumber });
  assert.deepEqual(codesOf(validate(await grid.dressed([good], twin))), [['ac/holder-mismatch']]);
});

test('a server that the directory does not know is refused', async () => {
  const stranger = await grid.issue('/O=Grid/CN=stranger.example.org');
  const forged = await grid.attributes({
    issuer: stranger.chain,
    signer: keySigner(stranger.keys.privateKey),
  });
  const proxy = await grid.dressed([forged]);
  assert.deepEqual(codesOf(validate(proxy)), [['ac/lsc-mismatch']]);
  assert.deepEqual(codesOf(validate(proxy, { vomsDirectory: memoryVomsDirectory({}) })), [
    ['ac/server-unknown'],
  ]);
  assert.match(
    validate(proxy)[0]?.findings[0]?.message ?? '',
    /stranger\.example\.org" by "\/O=Grid\/CN=CA"/,
  );
});

test('of several chains in an LSC file any will do, and the order within one matters', () => {
  const right = lscOf(grid.server);
  const wrong = right.split('\n').reverse().join('\n');
  const withLsc = (text: string) =>
    codesOf(
      validate(chain, {
        vomsDirectory: memoryVomsDirectory({ lscFiles: { 'testvo/voms.example.org.lsc': text } }),
      }),
    );
  assert.deepEqual(withLsc(wrong), [['ac/lsc-mismatch']]);
  assert.deepEqual(withLsc(`${wrong}\n------ NEXT CHAIN ------\n${right}`), [[]]);
  assert.deepEqual(withLsc(''), [['ac/lsc-mismatch']]);
});

test("without an LSC file the server's certificate in the directory decides; with one it does not", () => {
  const certificates = { testvo: [grid.robot.chain[0], grid.server.chain[0]] };
  assert.deepEqual(codesOf(validate(chain, { vomsDirectory: memoryVomsDirectory({ certificates }) })), [[]]);
  const lscFiles = { 'testvo/voms.example.org.lsc': lscOf(grid.robot) };
  assert.deepEqual(
    codesOf(validate(chain, { vomsDirectory: memoryVomsDirectory({ certificates, lscFiles }) })),
    [['ac/lsc-mismatch']],
  );
  const other = memoryVomsDirectory({ certificates: { othervo: certificates.testvo } });
  assert.deepEqual(codesOf(validate(chain, { vomsDirectory: other })), [['ac/server-unknown']]);
});

test('a changed byte anywhere in what is signed is noticed', async () => {
  const offset = good.der.indexOf('production');
  const changed = Buffer.from(good.der);
  changed.write('Production', offset);
  const tampered = parseAttributeCertificate(changed);
  assert.equal(tampered.fqans[1], '/testvo/analysis/Role=Production/Capability=NULL');
  assert.deepEqual(codesOf(validate(await grid.dressed([tampered]))), [['ac/signature-invalid']]);
});

test("a certificate with the server's name from an authority nobody trusts is refused", async () => {
  const elsewhere = await makeVomsGrid(grid.now);
  const forged = await elsewhere.attributes({ holder: grid.user.chain[0] });
  assert.deepEqual(codesOf(validate(await grid.dressed([forged]))), [['ac/server-untrusted']]);
});

test("a server's certificate that has expired is refused", async () => {
  const old = await grid.issue('/O=Grid/CN=voms.example.org', { notAfter: hours(-1) });
  const late = await grid.attributes({ issuer: old.chain, signer: keySigner(old.keys.privateKey) });
  assert.deepEqual(codesOf(validate(await grid.dressed([late]))), [['ac/server-untrusted']]);
});

test('a user cannot sign attributes with a proxy, nor in the name of the server', async () => {
  const proxy = await grid.proxy(grid.user);
  const own = await grid.attributes({ issuer: proxy.chain, signer: keySigner(proxy.keys.privateKey) });
  const vomsDirectory = memoryVomsDirectory({ lscFiles: { 'testvo/voms.example.org.lsc': lscOf(proxy) } });
  assert.deepEqual(codesOf(validate(await grid.dressed([own]), { vomsDirectory })), [
    ['ac/server-untrusted'],
  ]);
  const inItsName = await grid.attributes({ signer: keySigner(grid.user.keys.privateKey) });
  assert.deepEqual(codesOf(validate(await grid.dressed([inItsName]))), [['ac/signature-invalid']]);
});

test('targets bind, and a host that does not say its name is none of them', async () => {
  const proxy = await grid.dressed([await grid.attributes({ targets: ['a.example', 'b.example'] })]);
  assert.deepEqual(codesOf(validate(proxy)), [['ac/target-mismatch']]);
  assert.deepEqual(codesOf(validate(proxy, { targetHost: 'c.example' })), [['ac/target-mismatch']]);
  assert.deepEqual(codesOf(validate(proxy, { targetHost: 'b.example' })), [[]]);
});

test('the last proxy with attributes counts, and independent proxies inherit none', async () => {
  const first = await grid.proxy(grid.user, { extensions: [extensionOf(chain)] });
  const newer = await grid.attributes({ fqans: ['/testvo'] });
  const dressed = await grid.dressed([newer], first);
  const reports = validate(dressed);
  assert.deepEqual(codesOf(reports), [[], ['ac/superseded']]);
  assert.deepEqual(
    reports.map(({ proxyIndex }) => proxyIndex),
    [0, 1],
  );
  assert.deepEqual(verifiedFqans(reports), ['/testvo']);
  const plain = await grid.proxy(first);
  assert.deepEqual(codesOf(validate(plain.chain)), [[]]);
  const own = await grid.proxy(first, { type: { kind: 'rfc3820', rights: 'independent' } });
  assert.deepEqual(codesOf(validate(own.chain)), [['ac/not-inherited']]);
});

test('of several attribute certificates each has its own verdict', async () => {
  const expired = await grid.attributes({ notBefore: hours(-3), notAfter: hours(-2) });
  const reports = validate(await grid.dressed([good, expired]));
  assert.deepEqual(codesOf(reports), [[], ['ac/expired']]);
  assert.ok(reports[1]?.findings[0]?.remedy.includes('voms-proxy-init'));
});

test('the names and keys of the server must be those of one certificate', async () => {
  const [server] = grid.server.chain;
  const other = grid.robot.chain[0];
  // The certificate that goes into it is the server's, what is said of it is not.
  const misnamed = Object.create(server, { subject: { value: other.subject } }) as Certificate;
  const named = await grid.attributes({ issuer: [misnamed] });
  assert.deepEqual(codesOf(validate(await grid.dressed([named]))), [['ac/issuer-mismatch']]);
  const keyed = Object.create(server, { spki: { value: other.spki } }) as Certificate;
  const wrongKey = await grid.attributes({ issuer: [keyed] });
  assert.deepEqual(codesOf(validate(await grid.dressed([wrongKey]))), [['ac/key-identifier']]);
});

/** The good one with other extensions, signed by the server all the same. */
async function withExtensions(
  change: (extensions: readonly Extension[]) => readonly Extension[],
): Promise<AttributeCertificate> {
  const fields = children(readOnly(good.tbs)).map(({ der }) => der);
  const tbs = encodeSequence(...fields.slice(0, -1), encodeExtensions(change(good.extensions)));
  const signature = await keySigner(grid.server.keys.privateKey).sign(tbs, 'sha256');
  return parseAttributeCertificate(
    encodeSequence(tbs, good.signatureAlgorithmDer, encodeBitString(signature)),
  );
}

test('the extensions that a VOMS server writes are there, and only targets are critical', async () => {
  const without = (oid: string) => (extensions: readonly Extension[]) =>
    extensions.filter((one) => one.oid !== oid);
  const cases = [
    [without(VOMS.noRevocation), ['ac/extension-missing']],
    [without(VOMS.authorityKeyIdentifier), ['ac/extension-missing']],
    [
      (all: readonly Extension[]) => all.map((one) => ({ ...one, critical: one.oid === VOMS.noRevocation })),
      ['ac/extension-critical'],
    ],
    [
      (all: readonly Extension[]) => [...all, { oid: '1.2.3.4', critical: true, value: Buffer.alloc(2) }],
      ['ac/extension-critical'],
    ],
    [
      (all: readonly Extension[]) => [...all, { oid: '1.2.3.4', critical: false, value: Buffer.alloc(2) }],
      [],
    ],
    [without(VOMS.issuerCertificates), ['ac/server-unknown']],
  ] as const;
  for (const [change, codes] of cases) {
    const proxy = await grid.dressed([await withExtensions(change)]);
    assert.deepEqual(codesOf(validate(proxy)), [codes]);
  }
});

test('what is no list of attribute certificates is said, and does not stop anything', async () => {
  for (const value of [Buffer.alloc(0), Buffer.from('3003020101', 'hex'), Buffer.from('30820000', 'hex')]) {
    const extensions = [{ oid: VOMS.attributeCertificates, critical: false, value }];
    const proxy = await grid.proxy(grid.user, { extensions });
    assert.deepEqual(codesOf(validate(proxy.chain)), [['ac/malformed']]);
  }
});

test('attributes in the certificate of a user are not looked at: only proxies carry them', async () => {
  const odd = await grid.issue('/O=Grid/CN=Jane', { extensions: [extensionOf(chain)] });
  assert.deepEqual(attributeCertificatesOf(odd.chain), []);
});

function extensionOf([proxy]: readonly Certificate[]): Extension {
  const extension = proxy?.extensions.find(({ oid }) => oid === VOMS.attributeCertificates);
  assert.ok(extension);
  return extension;
}
